package llm_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"

	"contactd/classifiers/llm"
)

func TestConfigNamesEveryProblem(t *testing.T) {
	for want, c := range map[string]llm.Config{
		"llm.url: is missing":             {Model: "m"},
		"llm.url: want http":              {URL: "localhost:8000", Model: "m"},
		"llm.url: want no user":           {URL: "http://a:b@localhost/v1", Model: "m"},
		"llm.url: want https":             {URL: "http://api.example.org/v1", Model: "m"},
		"llm.model: is missing":           {URL: "http://localhost/v1"},
		"llm.api_key: want either":        {URL: "http://localhost/v1", Model: "m", APIKey: "a", APIKeyFile: "b"},
		"llm.timeout: want":               {Timeout: -1},
		"llm.max_age: want":               {MaxAge: -1},
		"llm.in_flight: want":             {InFlight: -1},
		"llm.max_characters: want":        {MaxCharacters: 10},
		"llm.max_answer_tokens: want":     {MaxAnswerTokens: -1},
		"llm.tokens_per_minute: want 0":   {TokensPerMinute: 10},
		"llm.tokens_per_day: want 0 for ": {TokensPerDay: -1},
	} {
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not say %q", err, want)
		}
	}
	for _, c := range []llm.Config{
		{},
		{URL: "http://127.0.0.1:8000/v1", Model: "m"},
		{URL: "https://api.example.org/v1", Model: "m"},
		{URL: "http://gpu.force.example:8000/v1", Model: "m", OnPremises: true},
	} {
		if err := c.WithDefaults().Validate(); err != nil {
			t.Error(err)
		}
	}
}

func TestOnlyThisMachineAndPrivateNetworksAreOnPremisesByThemselves(t *testing.T) {
	for url, want := range map[string]bool{
		"http://127.0.0.1:8000/v1": false, "http://localhost/v1": false, "http://[::1]/v1": false, "http://10.1.2.3/v1": false,
		"http://192.168.1.2/v1": false, "http://[fd00::1]/v1": false, "http://llm.localhost/v1": false,
		"https://api.openai.com/v1": true, "https://8.8.8.8/v1": true, "https://localhost.example.org/v1": true,
		"https://gpu/v1": true, "https://127.0.0.1.example.org/v1": true, "": true,
	} {
		if got := (llm.Config{URL: url}).Foreign(); got != want {
			t.Errorf("%q foreign: %v", url, got)
		}
	}
	if (llm.Config{URL: "https://gpu.force.example/v1", OnPremises: true}).Foreign() {
		t.Error("on_premises is not believed")
	}
}

func TestTheSampleShowsTheDefaults(t *testing.T) {
	var lines []string
	for line := range strings.Lines(llm.Sample()) {
		// "  # key: value" becomes the setting; sentences stay comments.
		if rest, ok := strings.CutPrefix(line, "  # "); ok && strings.Contains(strings.SplitN(rest, " ", 2)[0], ":") {
			line = "  " + rest
		}
		lines = append(lines, line)
	}
	var read struct{ LLM llm.Config }
	if err := yaml.UnmarshalWithOptions([]byte(strings.Join(lines, "")), &read, yaml.Strict()); err != nil {
		t.Fatal(err)
	}
	if read.LLM != (llm.Config{}).WithDefaults() {
		t.Errorf("the sample says %+v", read.LLM)
	}
	if read.LLM.Timeout != 10*time.Second {
		t.Errorf("timeout %v", read.LLM.Timeout)
	}
}

func TestASecretIsNotShown(t *testing.T) {
	c := llm.Config{APIKey: "sk-secret"}
	text, _ := c.APIKey.MarshalText()
	if all := fmt.Sprintf("%v %+v %#v %s %s", c, c, c, c.APIKey, text); strings.Contains(all, "sk-secret") {
		t.Error(all)
	}
}
