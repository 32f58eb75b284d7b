package oauth

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestWhatIsWrongWithTheWayToTheProviderIsTold(t *testing.T) {
	page := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		w.Write([]byte("<html>planted-secret: log in to the network</html>"))
	}
	for name, c := range map[string]struct {
		start func(*httptest.Server)
		serve http.HandlerFunc
		want  string
	}{
		"a page instead of a token": {(*httptest.Server).Start, page, "cannot parse json"},
		"a stranger's certificate":  {(*httptest.Server).StartTLS, page, "certificate signed by unknown authority"},
		"a broken connection":       {(*httptest.Server).Start, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "EOF"},
		"an empty answer":           {(*httptest.Server).Start, func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("{}")) }, "missing access_token"},
	} {
		server := httptest.NewUnstartedServer(c.serve)
		server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug)
		c.start(server)
		config := application()
		config.TokenURL = server.URL + "/planted-secret"
		_, err := New(config, nil).Token(t.Context(), "")
		server.Close()
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "planted") {
			t.Errorf("%s is told as %v", name, err)
		}
	}
}

func TestTheSecretIsNotSentOnElsewhere(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("it was asked by %s with %q", r.Method, r.FormValue("client_secret"))
	}))
	defer elsewhere.Close()
	for _, status := range []int{302, 307, 308} {
		provider := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, elsewhere.URL, status)
		}))
		config := application()
		config.TokenURL = provider.URL
		_, err := New(config, nil).Token(t.Context(), "")
		provider.Close()
		if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("HTTP %d", status)) {
			t.Errorf("%d is told as %v", status, err)
		}
	}
}

func TestAProviderThatKnowsTheClientByOneWayIsNotAskedInAnother(t *testing.T) {
	var asked []string
	withdrawn := false
	provider := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, secret, inHeader := r.BasicAuth()
		answer := `{"access_token":"token","token_type":"Bearer","expires_in":3600}`
		switch {
		case !inHeader || secret != "planted-secret":
			answer = `{"error":"invalid_client"}`
		case withdrawn:
			answer = `{"error":"invalid_grant"}`
		}
		asked = append(asked, answer)
		if strings.Contains(answer, "error") {
			w.WriteHeader(http.StatusBadRequest)
		}
		w.Write([]byte(answer))
	}))
	defer provider.Close()
	for _, config := range []Config{application(), person(t, "refresh-0")} {
		config.TokenURL = provider.URL
		s := New(config, nil)
		withdrawn = false
		token, err := s.Token(t.Context(), "")
		if err != nil {
			t.Fatal(err)
		}
		withdrawn, asked = true, nil
		if _, err := s.Token(t.Context(), token); err == nil || !strings.Contains(err.Error(), "invalid_grant") || len(asked) != 1 {
			t.Errorf("%s: after %d requests told %v", config.Flow, len(asked), err)
		}
	}
}
