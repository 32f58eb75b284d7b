package main

import (
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"contactd/channels/webchat"
	"contactd/cmd/contactd/interrupt"

	"golang.org/x/sys/unix"
)

// readImage returns the instructions that make the image, in order: the words
// of each, without those of the stage that builds the program.
func readImage(t *testing.T) (text string, image map[string][]string) {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(root, "deploy", "Containerfile"))
	if err != nil {
		t.Fatal(err)
	}
	_, last, found := strings.Cut(string(content), "\nFROM scratch\n")
	if !found {
		t.Fatal("the image is made of more than what it needs")
	}
	image = map[string][]string{}
	for line := range strings.Lines(last) {
		if word, rest, ok := strings.Cut(strings.TrimSpace(line), " "); ok && word != "#" {
			image[word] = append(image[word], rest)
		}
	}
	return string(content), image
}

func TestTheImageRunsTheProgramAsNobodyInItsDataFolder(t *testing.T) {
	_, image := readImage(t)
	if user := image["USER"]; len(user) != 1 || !regexp.MustCompile(`^[1-9]\d*:[1-9]\d*$`).MatchString(user[0]) {
		t.Errorf("it runs as %v", user)
	}
	if len(image["RUN"]) > 0 {
		t.Errorf("nothing can be run in it: %v", image["RUN"])
	}
	if got := image["ENTRYPOINT"]; !slices.Equal(got, []string{`["/usr/local/bin/contactd"]`}) {
		t.Errorf("it starts %v", got)
	}
	folder := image["WORKDIR"]
	if !slices.Equal(folder, image["VOLUME"]) || len(folder) != 1 {
		t.Errorf("data lies in %v, and %v is kept", folder, image["VOLUME"])
	}
	copied := strings.Join(image["COPY"], "\n")
	for _, want := range []string{" /usr/local/bin/contactd", "--chown=" + image["USER"][0] + " /data " + folder[0], "/etc/ssl/certs/"} {
		if !strings.Contains(copied, want) {
			t.Errorf("%q is missing in\n%s", want, copied)
		}
	}
}

func TestTheImageTellsThePortsThatListenByDefault(t *testing.T) {
	c := config{}.withDefaults()
	var ports []string
	for _, address := range []string{c.HTTP.Listen, webchat.Config{}.WithDefaults().Listen, c.Webhooks.Listen} {
		_, port, err := net.SplitHostPort(address)
		if err != nil {
			t.Fatal(err)
		}
		ports = append(ports, port)
	}
	text, image := readImage(t)
	if want := strings.Join(ports, " "); !slices.Equal(image["EXPOSE"], []string{want}) {
		t.Errorf("it exposes %v, want %s", image["EXPOSE"], want)
	}
	for _, port := range ports {
		if !strings.Contains(text, port+":"+port) {
			t.Errorf("the example does not publish %s", port)
		}
	}
}

func TestTheImageIsStoppedAsTheServiceIs(t *testing.T) {
	text, image := readImage(t)
	if got := image["STOPSIGNAL"]; len(got) != 1 || !slices.Contains(interrupt.Signals(), os.Signal(unix.SignalNum(got[0]))) {
		t.Errorf("it is stopped by %v, want one of %v", got, interrupt.Signals())
	}
	unit, err := os.ReadFile(filepath.Join(root, "deploy", "contactd.service"))
	if err != nil {
		t.Fatal(err)
	}
	given := regexp.MustCompile(`TimeoutStopSec=(\d+)s`).FindSubmatch(unit)
	if given == nil || !strings.Contains(text, "--stop-timeout "+string(given[1])+" ") {
		t.Errorf("the service has %s", given)
	}
}

func TestTheImageIsBuiltWithTheGoOfTheModule(t *testing.T) {
	module, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	text, _ := readImage(t)
	version := regexp.MustCompile(`\ngo (\d+\.\d+)`).FindSubmatch(module)
	if want := "golang:" + string(version[1]) + " AS build\n"; !strings.Contains(text, want) {
		t.Errorf("want %q", want)
	}
}
