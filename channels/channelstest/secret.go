package channelstest

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
)

func noSecret(t *testing.T, r *rig) {
	if r.platform.Refusing == nil {
		t.Log("this channel sends no secret")
		return
	}
	failing := make(chan struct{}, 1000)
	deps := r.deps()
	deps.Health = tellingHealth{r.health, failing}
	stop := r.receive(r.platform.Refusing(deps))
	for range 2 {
		select {
		case <-failing:
		case <-time.After(patience):
			t.Fatal("the refusal was not told to Health twice")
		}
	}
	stop()
	told := r.log.String()
	for _, err := range r.health.Failures() {
		told += err.Error() + fmt.Sprintf("%+v", err)
	}
	if strings.Contains(told, r.setup.Secret) {
		t.Errorf("the secret was told: %s", strings.ReplaceAll(told, r.setup.Secret, "[the secret]"))
	}
}

// tellingHealth tells a test of every failure.
type tellingHealth struct {
	*Health
	failing chan struct{}
}

// Failing notes and tells.
func (h tellingHealth) Failing(channel, account string, err error) {
	h.Health.Failing(channel, account, err)
	select {
	case h.failing <- struct{}{}:
	default:
	}
}

// logBuffer keeps what was logged.
type logBuffer struct {
	mutex sync.Mutex
	text  bytes.Buffer
}

// Write appends.
func (b *logBuffer) Write(p []byte) (int, error) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return b.text.Write(p)
}

// String returns everything that was written.
func (b *logBuffer) String() string {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return b.text.String()
}
