package widget

import (
	"bytes"
	"embed"
	"encoding/json"
	"maps"
	"regexp"
	"strings"
)

//go:embed js style.css
var sources embed.FS

// scriptOrder is the order of the files in chat.js: each uses what stands
// before it. The style comes before the last.
var scriptOrder = []string{
	"build", "texts", "store", "wire", "talk", "exit", "upload",
	"first", "log", "compose", "options", "chat", "begin",
}

// buildScript puts chat.js together: one function, so that nothing of ours is
// seen by the page, in it the English texts, the files in order, and the style.
// These are parts; their order is the one in which they compress best.
func buildScript(languages languages) ([][]byte, error) {
	style, err := sources.ReadFile("style.css")
	if err != nil {
		return nil, err
	}
	before := len(scriptOrder) - 1
	code, err := scriptOf(scriptOrder[:before])
	if err != nil {
		return nil, err
	}
	begin, err := scriptOf(scriptOrder[before:])
	if err != nil {
		return nil, err
	}
	return [][]byte{
		[]byte("(() => {\n'use strict'\n" + constant("ENGLISH", scriptTexts(languages.texts["en"]))),
		[]byte(constant("LANGUAGES", languages.names()) + code),
		[]byte(constant("STYLE", tidyStyle(string(style))) + begin + "})()\n"),
	}, nil
}

// scriptOf is the script of some files.
func scriptOf(names []string) (string, error) {
	var script bytes.Buffer
	for _, name := range names {
		file, err := sources.ReadFile("js/" + name + ".js")
		if err != nil {
			return "", err
		}
		tidyScript(&script, string(file))
	}
	return script.String(), nil
}

// constant is a line of JavaScript. JSON is that, and encoding/json escapes what
// was not once: U+2028 and U+2029.
func constant(name string, value any) string {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(value) // nothing in a text can fail
	return "const " + name + "=" + text.String()
}

// scriptTexts are the texts without those of the pages alone.
func scriptTexts(all texts) texts {
	ours := maps.Clone(all)
	maps.DeleteFunc(ours, func(key, _ string) bool {
		return strings.HasPrefix(key, "page.") && key != "page.title" || key == "name"
	})
	return ours
}

// tidyScript leaves out indentation, empty lines, lines that are nothing but a
// comment, spaces around signs, and ends of lines where a statement goes on or a
// block ends. It knows little JavaScript: a test keeps lines of a template
// literal from looking like a comment, and template literals from standing in one
// another.
func tidyScript(out *bytes.Buffer, file string) {
	comment := false
	for line := range strings.Lines(file) {
		line = strings.TrimSpace(line)
		switch {
		case comment:
			comment = !strings.HasSuffix(line, "*/")
		case strings.HasPrefix(line, "/*"):
			comment = !strings.HasSuffix(line, "*/")
		case line == "", strings.HasPrefix(line, "//"):
		default:
			if goesOn(out.Bytes()) || strings.ContainsAny(line[:1], "}).") {
				out.Truncate(out.Len() - 1)
			}
			out.WriteString(textOrSign.ReplaceAllStringFunc(line, tidySign))
			out.WriteByte('\n')
		}
	}
}

// textOrSign finds texts and regular expressions, as which a division may pass
// too, and signs with the spaces around them.
var textOrSign = regexp.MustCompile("'(?:[^'\\\\]|\\\\.)*'|`[^`]*`|/(?:[^/\\\\[]|\\\\.|\\[(?:[^]\\\\]|\\\\.)*])+/| ?[-=!&|?<>,;%:(){}[\\]+*] ?")

// goesOn reports whether the last line is one that the next continues.
func goesOn(script []byte) bool {
	rest, ended := bytes.CutSuffix(script, []byte("\n"))
	return ended && bytes.ContainsAny(rest[max(0, len(rest)-1):], "{(,")
}

// tidySign leaves texts as they are.
func tidySign(found string) string {
	if strings.ContainsAny(found[:1], "'`/") {
		return found
	}
	return strings.TrimSpace(found)
}

// tidyStyle leaves out comments and the spaces that CSS does not need.
func tidyStyle(file string) string {
	style := cssComment.ReplaceAllString(file, "")
	style = cssSpace.ReplaceAllString(style, " ")
	return strings.ReplaceAll(cssEdge.ReplaceAllString(style, "$1$2"), ";}", "}")
}

var (
	cssComment = regexp.MustCompile(`(?s)/\*.*?\*/`)
	cssSpace   = regexp.MustCompile(`\s+`)
	// Not before a colon nor around a bracket: "a :hover" and "and (" mean
	// something.
	cssEdge = regexp.MustCompile(`\s*([{};,>])\s*|(:)\s+`)
)
