package main

import (
	"runtime/debug"
)

type versionCommand struct{}

// Run prints version, commit and Go version.
func (versionCommand) Run(p *program) error {
	p.printf("contactd %s\n", version())
	return nil
}

// version is the module's version, with the commit when it is known.
func version() string {
	build, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	text := build.Main.Version
	if text == "" || text == "(devel)" {
		text = "development"
	}
	for _, setting := range build.Settings {
		if setting.Key == "vcs.revision" && len(setting.Value) >= 12 {
			text += " " + setting.Value[:12]
		}
	}
	return text + " " + build.GoVersion
}
