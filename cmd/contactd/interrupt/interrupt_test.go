package interrupt_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"contactd/cmd/contactd/interrupt"
)

func TestAReadEndsWithItsContextWhileNobodyTypes(t *testing.T) {
	ctx, end := context.WithCancel(t.Context())
	terminal, keys := io.Pipe()
	defer keys.Close()
	ended := make(chan error)
	go func() {
		_, err := io.ReadAll(interrupt.Reader(ctx, terminal))
		ended <- err
	}()
	end()
	if err := <-ended; !errors.Is(err, interrupt.Err) {
		t.Errorf("%v", err)
	}
}

func TestWhatIsTypedIsReadWhole(t *testing.T) {
	text := strings.Repeat("he has a knife\n", 5000)
	if got, err := io.ReadAll(interrupt.Reader(t.Context(), strings.NewReader(text))); string(got) != text || err != nil {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}

func TestWorkThatLooksAtNoContextIsLeftBehind(t *testing.T) {
	ctx, end := context.WithCancel(t.Context())
	failed, forever := errors.New("failed"), make(chan struct{})
	defer close(forever)
	if err := interrupt.Or(ctx, func() error { return failed }); !errors.Is(err, failed) {
		t.Errorf("%v", err)
	}
	end()
	if err := interrupt.Or(ctx, func() error { <-forever; return nil }); !errors.Is(err, interrupt.Err) {
		t.Errorf("%v", err)
	}
}
