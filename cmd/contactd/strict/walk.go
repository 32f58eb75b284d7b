package strict

import (
	"fmt"
	"reflect"
	"sort"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// depthLimit bounds recursion; our structs are five deep.
const depthLimit = 32

// walker fills values from nodes and collects what is wrong on the way.
type walker struct {
	src      *source
	problems []Problem
	depth    int
}

func (w *walker) problem(node ast.Node, path, format string, args ...any) {
	line := nodeLine(node)
	if line == 0 {
		line = w.src.line(path)
	}
	w.problems = append(w.problems, Problem{File: w.src.file, Line: line, Key: path, Text: fmt.Sprintf(format, args...)})
}

// value fills v from a node. A key without a value leaves the default.
func (w *walker) value(node ast.Node, path string, v reflect.Value) {
	if w.depth++; w.depth > depthLimit {
		w.problem(node, path, "nested too deeply")
		return
	}
	defer func() { w.depth-- }()
	if v.Type() == reflect.TypeFor[Section]() {
		v.Set(reflect.ValueOf(Section{node: node, path: path, src: w.src}))
		return
	}
	switch node.(type) {
	case nil, *ast.NullNode, *ast.CommentGroupNode:
		return
	case *ast.AnchorNode, *ast.AliasNode, *ast.TagNode, *ast.MergeKeyNode:
		w.problem(node, path, "anchors, aliases and tags are not supported here; write the value out")
		return
	}
	switch kind := v.Kind(); {
	case isText(v):
		w.scalar(node, path, v)
	case kind == reflect.Pointer:
		if v.IsNil() {
			v.Set(reflect.New(v.Type().Elem()))
		}
		w.value(node, path, v.Elem())
	case kind == reflect.Struct:
		w.structure(node, path, v)
	case kind == reflect.Map:
		w.mapping(node, path, v)
	case kind == reflect.Slice:
		w.list(node, path, v)
	default:
		w.scalar(node, path, v)
	}
}

// structure fills the fields of a struct; every key must be one of them.
func (w *walker) structure(node ast.Node, path string, v reflect.Value) {
	fields := fieldsOf(v)
	for _, entry := range w.entries(node, path, "keys: "+strings.Join(sortedKeys(fields), ", ")) {
		field, ok := fields[entry.key]
		if !ok {
			w.problem(entry.node, entry.path, "unknown key%s", hint(entry.key, sortedKeys(fields)))
			continue
		}
		_, secret := fields[entry.key+"_file"]
		if secret && field.Kind() == reflect.String {
			w.secret(entry.value, entry.path, field)
			continue
		}
		w.value(entry.value, entry.path, field)
	}
}

// mapping fills a map with text keys.
func (w *walker) mapping(node ast.Node, path string, v reflect.Value) {
	if v.Type().Key().Kind() != reflect.String {
		w.problem(node, path, "cannot be set in a file")
		return
	}
	if v.IsNil() {
		v.Set(reflect.MakeMap(v.Type()))
	}
	for _, entry := range w.entries(node, path, "keys with values") {
		each := reflect.New(v.Type().Elem()).Elem()
		w.value(entry.value, entry.path, each)
		v.SetMapIndex(reflect.ValueOf(entry.key).Convert(v.Type().Key()), each)
	}
}

// list replaces a slice.
func (w *walker) list(node ast.Node, path string, v reflect.Value) {
	sequence, ok := node.(*ast.SequenceNode)
	if !ok {
		w.problem(node, path, "want a list: [a, b], or one \"- \" line each")
		return
	}
	all := reflect.MakeSlice(v.Type(), len(sequence.Values), len(sequence.Values))
	for i, item := range sequence.Values {
		at := fmt.Sprintf("%s[%d]", path, i)
		w.src.lines[at] = nodeLine(item)
		w.value(item, at, all.Index(i))
	}
	v.Set(all)
}

// entry is one "key: value" of a mapping.
type entry struct {
	key, path string
	node      ast.Node // of the key
	value     ast.Node
}

// entries lists a mapping, telling keys that come twice; want says what is
// missing where the node is none.
func (w *walker) entries(node ast.Node, path, want string) []entry {
	var values []*ast.MappingValueNode
	switch node := node.(type) {
	case *ast.MappingNode:
		values = node.Values
	case *ast.MappingValueNode:
		values = []*ast.MappingValueNode{node}
	default:
		w.problem(node, path, "want %s", want)
		return nil
	}
	seen := map[string]bool{}
	var entries []entry
	for _, value := range values {
		if _, plain := value.Key.(ast.ScalarNode); !plain {
			w.problem(value.Key, path, "want a plain key")
			continue
		}
		token := value.Key.GetToken()
		if token == nil {
			continue
		}
		e := entry{key: token.Value, path: token.Value, node: value.Key, value: value.Value}
		if path != "" {
			e.path = path + "." + e.key
		}
		if seen[e.key] {
			w.problem(e.node, e.path, "given twice")
			continue
		}
		seen[e.key] = true
		w.src.lines[e.path] = nodeLine(e.node)
		entries = append(entries, e)
	}
	return entries
}

// fieldsOf lists the fields of a struct by their key; inline structs count as
// part of it.
func fieldsOf(v reflect.Value) map[string]reflect.Value {
	fields := map[string]reflect.Value{}
	for i := range v.NumField() {
		field := v.Type().Field(i)
		name, options, _ := strings.Cut(field.Tag.Get("yaml"), ",")
		switch {
		case !field.IsExported() || name == "-":
		case options == "inline" || field.Anonymous && name == "" && field.Type.Kind() == reflect.Struct:
			for key, inner := range fieldsOf(v.Field(i)) {
				fields[key] = inner
			}
		case name == "":
			fields[strings.ToLower(field.Name)] = v.Field(i)
		default:
			fields[name] = v.Field(i)
		}
	}
	return fields
}

func sortedKeys(fields map[string]reflect.Value) []string {
	keys := make([]string, 0, len(fields))
	for key := range fields {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	return keys
}
