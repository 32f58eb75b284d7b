package simulator

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// work counts what an API did.
type work struct {
	mutex sync.Mutex
	done  []string
}

func (w *work) calls() []string {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	return slices.Clone(w.done)
}

// start opens an API that says what it was asked.
func start(t *testing.T, o Options, misfortunes ...Fault) (*Base, *work) {
	t.Helper()
	b, err := Listen(o)
	if err != nil {
		t.Fatal(err)
	}
	w := &work{}
	b.Serve(API{
		Answer: func(rw http.ResponseWriter, r *http.Request, body []byte) {
			w.mutex.Lock()
			w.done = append(w.done, r.URL.Path)
			w.mutex.Unlock()
			rw.Header().Set("X-Asked", r.URL.Path)
			rw.WriteHeader(http.StatusCreated)
			_, _ = rw.Write(body)
		},
		Whole:       func(r *http.Request) bool { return r.URL.Path == "/stream" },
		Misfortunes: misfortunes,
	})
	t.Cleanup(func() { _ = b.Close() })
	return b, w
}

// call calls without keeping the connection.
func call(b *Base, path string) (status int, body string, err error) {
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 5 * time.Second}
	response, err := client.Post(b.URL()+path, "text/plain", strings.NewReader("hello"))
	if err != nil {
		return 0, "", err
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(response.Body)
	return response.StatusCode, string(raw), err
}

func TestFaultsMeetTheCallsTheyNameBeforeOrAfterTheirWork(t *testing.T) {
	b, w := start(t, Options{})
	for name, each := range map[string]struct {
		fault  Fault
		status int
		broken bool
		works  bool
	}{
		"none":         {Fault{Call: "GET a"}, http.StatusCreated, false, true},
		"another path": {Fault{Call: "POST b"}, http.StatusCreated, false, true},
		"a status":     {Fault{Call: "POST a", Status: 503}, 503, false, false},
		"after work":   {Fault{Call: "POST a", Status: 503, After: true}, 503, false, true},
		"broken":       {Fault{}, 0, true, false},
		"broken after": {Fault{After: true}, 0, true, true},
		"half":         {Fault{Half: true}, http.StatusOK, true, false},
		"late":         {Fault{Delay: time.Millisecond}, http.StatusCreated, false, true},
	} {
		b.Mend()
		b.Fail(each.fault)
		before := len(w.calls())
		status, _, err := call(b, "/x/a")
		if status != each.status && !each.broken || (err != nil) != each.broken || (len(w.calls()) > before) != each.works {
			t.Errorf("%s: status %d, %v, %d calls", name, status, err, len(w.calls())-before)
		}
		if each.fault.Call == "" || strings.HasSuffix(each.fault.Call, " a") {
			if status, _, err = call(b, "/x/a"); each.fault.Call != "GET a" && status != http.StatusCreated {
				t.Errorf("%s: the fault went on: %d, %v", name, status, err)
			}
		}
	}
	calls := b.Calls()
	if first := calls[0]; first.Method != http.MethodPost || first.Path != "/x/a" || first.Body != "hello" {
		t.Errorf("noted %+v", first)
	}
}

func TestTheWeatherBringsMisfortunes(t *testing.T) {
	b, _ := start(t, Options{}, Fault{Status: 502})
	b.Weather(Weather{Calls: 0.5})
	met := map[int]int{}
	for range 100 {
		status, _, _ := call(b, "/a")
		met[status]++
	}
	if met[502] < 20 || met[http.StatusCreated] < 20 {
		t.Errorf("met %v", met)
	}
}

func TestAwayNobodyIsReachedAndSilentNobodyIsAnswered(t *testing.T) {
	b, w := start(t, Options{})
	if err := b.Away(true); err != nil {
		t.Fatal(err)
	}
	if _, _, err := call(b, "/a"); err == nil {
		t.Error("it was reached")
	}
	if err := b.Away(false); err != nil {
		t.Fatal(err)
	}
	if status, _, err := call(b, "/a"); status != http.StatusCreated {
		t.Errorf("back again: %d, %v", status, err)
	}
	b.Silent(true)
	answered := make(chan error, 1)
	go func() { _, _, err := call(b, "/a"); answered <- err }()
	for len(b.Calls()) < 2 {
		time.Sleep(time.Millisecond)
	}
	b.Silent(false)
	if err := <-answered; err == nil || len(w.calls()) != 1 {
		t.Errorf("it answered what came while it was silent: %v", err)
	}
}

func TestItGoesAwayAsOftenAsItIsAsked(t *testing.T) {
	b, _ := start(t, Options{})
	for n := range 300 {
		if err := b.Away(true); err != nil {
			t.Fatalf("the %d. time: %v", n+1, err)
		}
		if err := b.Away(false); err != nil {
			t.Fatalf("back the %d. time: %v", n+1, err)
		}
	}
}

// letters delivers texts to a callback that fails at first.
func letters(t *testing.T, refuse int, weather Weather) (*Deliveries[string], func() []string) {
	t.Helper()
	var mutex sync.Mutex
	var got []string
	callback := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mutex.Lock()
		defer mutex.Unlock()
		if refuse > 0 {
			refuse--
			http.Error(w, "no", http.StatusServiceUnavailable)
			return
		}
		got = append(got, string(body)+" "+r.Header.Get("X-Mark"))
	}))
	t.Cleanup(callback.Close)
	b, _ := start(t, Options{Callback: callback.URL, Retry: time.Millisecond})
	b.Weather(weather)
	d := Deliver(b, Courier[string]{
		Workers: 2,
		Body: func(batch []string, header http.Header) []byte {
			header.Set("X-Mark", "signed")
			return []byte(strings.Join(batch, "+"))
		},
		Text: func(text string) []byte { return []byte(text) },
	})
	return d, func() []string { mutex.Lock(); defer mutex.Unlock(); return slices.Clone(got) }
}

func settle(t *testing.T, d interface{ Settle(context.Context) error }) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := d.Settle(ctx); err != nil {
		t.Fatal(err)
	}
}

func TestWhatIsNotTakenIsDeliveredAgain(t *testing.T) {
	d, got := letters(t, 3, Weather{})
	d.Put("one")
	d.Put("two")
	settle(t, d)
	all := got()
	slices.Sort(all)
	if !slices.Equal(all, []string{"one signed", "two signed"}) || d.Failed() != 3 || !d.Told("two") || d.Told("three") {
		t.Errorf("delivered %q, failed %d", all, d.Failed())
	}
	d.Again()
	settle(t, d)
	if n := len(got()); n != 4 {
		t.Errorf("once more: %d", n)
	}
}

func TestTheWeatherDropsDoublesAndGathers(t *testing.T) {
	for name, each := range map[string]struct {
		weather     Weather
		least, most int
	}{"drop": {Weather{Drop: 0.5}, 20, 80}, "double": {Weather{Duplicate: 0.5}, 120, 180}, "all": {Weather{Drop: 1}, 0, 0}} {
		d, got := letters(t, 0, each.weather)
		for range 100 {
			d.Put("a")
		}
		settle(t, d)
		if n := len(got()); n < each.least || n > each.most {
			t.Errorf("%s: %d delivered", name, n)
		}
	}
	d, got := letters(t, 1, Weather{Batch: 10})
	for range 100 {
		d.Put("a")
	}
	settle(t, d)
	if n := strings.Count(strings.Join(got(), ""), "a"); n != 100 || len(got()) > 60 {
		t.Errorf("%d in %d deliveries", n, len(got()))
	}
}
