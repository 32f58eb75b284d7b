package main

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const root = "../.."

// mayImport says which of our packages each part may use beside itself and
// what lies below it; the longest matching part counts. cmd sees everybody.
var mayImport = map[string][]string{
	"contact":               {},
	"contact/contacttest":   {"contact/schema"},
	"channels":              {"contact"},
	"channels/channelstest": {"contact", "channels"},
	"channels/simulator":    {},
	"channels/webhook":      {"channels"},
	"channels/accounts":     {"contact", "channels"},
	"channels/certificate":  {},
	"channels/files":        {"contact", "channels"},
	"channels/listen":       {},
	"channels/lobby":        {"channels/proxy"},
	"channels/loose":        {},
	"channels/proxy":        {},
	"channels/todo":         {"channels"},
	"channels/*":            {"contact", "channels", "channels/accounts", "channels/certificate", "channels/files", "channels/listen", "channels/lobby", "channels/loose", "channels/proxy", "channels/simulator", "channels/todo", "channels/webhook"},
	"classifiers":           {"contact"},
	"classifiers/*":         {"contact", "classifiers", "classifiers/disguise", "classifiers/fold", "classifiers/mask", "classifiers/phrase"},
	"pipeline":              {"contact", "channels", "classifiers"},
	"pipeline/journal":      {"contact", "channels", "pipeline", "pipeline/lock"},
	"pipeline/kafka":        {"contact", "pipeline", "pipeline/lock"},
	"pipeline/lock":         {},
	"desk":                  {"contact", "pipeline/kafka"},
	"deploy":                {},
}

// testsMayImport adds what only tests use.
var testsMayImport = []string{"contact/contacttest", "contact/schema", "channels/channelstest", "deploy/servers"}

func TestImportsGoOneWay(t *testing.T) {
	files := 0
	walkGo(t, func(file string, imports []string) {
		files++
		dir, test := path.Dir(file), strings.HasSuffix(file, "_test.go")
		if dir == "cmd" || strings.HasPrefix(dir, "cmd/") {
			return
		}
		part := partOf(t, dir)
		for _, each := range imports {
			to, ours := strings.CutPrefix(each, "contactd/")
			if !ours {
				if !test {
					checkForeign(t, file, part, each)
				}
				continue
			}
			below := to == dir || strings.HasPrefix(to+"/", home(part, dir)+"/")
			allowed := slices.Contains(mayImport[part], to) || test && testsMayUse(part, to)
			if !below && !allowed {
				t.Errorf("%s imports %s", file, each)
			}
		}
	})
	if files < 20 {
		t.Fatalf("only %d files found", files)
	}
}

// programParts says which packages of the program each of them uses beside what
// all of cmd sees; the program itself uses every one.
var programParts = map[string][]string{
	"backup":            {},
	"events":            {"tell"},
	"events/eventstest": {},
	"garbage":           {},
	"hooks":             {"serve"},
	"interrupt":         {},
	"labelled":          {},
	"labels":            {"events"},
	"listener":          {"serve"},
	"measure":           {"labelled", "tell"},
	"panel":             {"interrupt"},
	"replace":           {},
	"serve":             {},
	"shadow":            {"events", "panel", "tell"},
	"strict":            {},
	"tell":              {},
	"texts":             {"interrupt", "tell"},
}

func TestPackagesOfTheProgramUseEachOtherOneWay(t *testing.T) {
	walkGo(t, func(file string, imports []string) {
		below, ok := strings.CutPrefix(path.Dir(file), "cmd/contactd/")
		if !ok {
			return
		}
		uses, known := programParts[below]
		if !known {
			t.Errorf("folder cmd/contactd/%s has no place in the layout", below)
		}
		for _, each := range imports {
			to, ours := strings.CutPrefix(each, "contactd/cmd/")
			to, beside := strings.CutPrefix(to, "contactd/")
			switch test := strings.HasSuffix(file, "_test.go"); {
			case !ours, beside && (test || slices.Contains(uses, to)):
			default:
				t.Errorf("%s imports %s", file, each)
			}
		}
	})
}

// home is the folder whose packages may use each other.
func home(part, dir string) string {
	if before, ok := strings.CutSuffix(part, "/*"); ok {
		leaf, _, _ := strings.Cut(strings.TrimPrefix(dir, before+"/"), "/")
		return before + "/" + leaf
	}
	if part == "channels" || part == "classifiers" || part == "contact" || part == "pipeline" {
		return part + "/." // a contract uses nothing that lies below it
	}
	return part
}

// testsMayUse lets the tests of the contract use what stands on it, and the
// tests of the pipeline its real journal and Kafka.
func testsMayUse(part, to string) bool {
	return slices.Contains(testsMayImport, to) ||
		strings.HasPrefix(part, "pipeline") && strings.HasPrefix(to, "pipeline") ||
		strings.HasPrefix(part, "contact") && (to == "pipeline" || to == "contact")
}

// checkForeign keeps the vocabulary free of everything and Watermill and Kafka
// in the pipeline.
func checkForeign(t *testing.T, file, part, pkg string) {
	standard := !strings.Contains(strings.Split(pkg, "/")[0], ".")
	switch {
	case part == "contact" && !standard:
		t.Errorf("%s imports %s: contact uses the standard library only", file, pkg)
	case pkg == "log", pkg == "github.com/pkg/errors":
		t.Errorf("%s imports %s", file, pkg)
	case strings.HasPrefix(part, "pipeline"), part == "deploy":
	case strings.HasPrefix(pkg, "github.com/ThreeDotsLabs/"), strings.HasPrefix(pkg, "github.com/segmentio/"):
		t.Errorf("%s imports %s: Watermill and Kafka end at the pipeline", file, pkg)
	}
}

func partOf(t *testing.T, dir string) string {
	for part := dir; part != "."; part = path.Dir(part) {
		if _, ok := mayImport[part]; ok {
			return part
		}
		if generic := path.Dir(part) + "/*"; mayImport[generic] != nil {
			return generic
		}
	}
	t.Fatalf("folder %s has no place in the layout", dir)
	return ""
}

func TestTheTopLevelIsFixed(t *testing.T) {
	entries, err := os.ReadDir(root)
	if err != nil {
		t.Fatal(err)
	}
	known := []string{"cmd", "channels", "classifiers", "contact", "deploy", "desk", "pipeline"}
	for _, entry := range entries {
		name := entry.Name()
		if entry.IsDir() && name[0] != '.' && !slices.Contains(known, name) && hasGo(filepath.Join(root, name)) {
			t.Errorf("folder %s at the top holds Go code; the top level is %v", name, known)
		}
	}
}

func hasGo(dir string) bool {
	found := false
	_ = filepath.WalkDir(dir, func(name string, _ fs.DirEntry, _ error) error {
		found = found || strings.HasSuffix(name, ".go")
		return nil
	})
	return found
}

// walkGo visits every Go file with its imports.
func walkGo(t *testing.T, visit func(file string, imports []string)) {
	t.Helper()
	err := filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && name != root && (entry.Name()[0] == '.' || entry.Name() == "testdata"):
			return filepath.SkipDir
		case entry.IsDir() || !strings.HasSuffix(name, ".go"):
			return nil
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		var imports []string
		for _, each := range parsed.Imports {
			text, _ := strconv.Unquote(each.Path.Value)
			imports = append(imports, text)
		}
		relative, err := filepath.Rel(root, name)
		visit(filepath.ToSlash(relative), imports)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
