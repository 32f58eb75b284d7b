package strict

import (
	"encoding"
	"errors"
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"
)

// isText reports whether a value reads itself from text.
func isText(v reflect.Value) bool {
	_, ok := v.Addr().Interface().(encoding.TextUnmarshaler)
	return ok && v.Kind() != reflect.Pointer
}

// scalar fills v from a single value.
func (w *walker) scalar(node ast.Node, path string, v reflect.Value) {
	text, ok := textOf(node)
	if !ok {
		w.problem(node, path, "want a single value%s", quotesHint(node))
		return
	}
	if _, is := variable(text); is {
		// Taken as it stands, it is told much later, as a login that is refused.
		w.problem(node, path, "%s is taken from the environment for secrets alone, which have a _file twin; write the value out", text)
		return
	}
	if err := set(v, text, node); err != nil {
		w.problem(node, path, "%v", err)
	}
}

// quotesHint is for who wrote host:port inside of braces, where it is a key with
// a value.
func quotesHint(node ast.Node) string {
	switch node.(type) {
	case *ast.MappingNode, *ast.MappingValueNode:
		return `; one with ":" in it may need quotes`
	default:
		return ""
	}
}

// secret fills a field that has a _file twin. Its value is never told.
func (w *walker) secret(node ast.Node, path string, v reflect.Value) {
	text, ok := textOf(node)
	if !ok {
		if _, null := node.(*ast.NullNode); !null && node != nil {
			w.problem(node, path, "want a single value")
		}
		return
	}
	if name, is := variable(text); is {
		value, found := w.src.getenv(name)
		if !found {
			w.problem(node, path, "environment variable %s is not set", name)
			return
		}
		if value == "" {
			w.problem(node, path, "environment variable %s is empty", name)
			return
		}
		text = value
	}
	v.SetString(text)
}

// variable returns NAME of a text that is ${NAME} as a whole.
func variable(text string) (string, bool) {
	name, ok := strings.CutPrefix(text, "${")
	if !ok {
		return "", false
	}
	name, ok = strings.CutSuffix(name, "}")
	if !ok || name == "" {
		return "", false
	}
	for i, r := range name {
		if r != '_' && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') && (i == 0 || r < '0' || r > '9') {
			return "", false
		}
	}
	return name, true
}

// textOf gives a scalar as it was written, without quotes.
func textOf(node ast.Node) (string, bool) {
	switch node := node.(type) {
	case *ast.StringNode:
		return node.Value, true
	case *ast.LiteralNode:
		return node.Value.Value, true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		return node.GetToken().Value, true
	default:
		return "", false
	}
}

// set stores text in v as what v is.
func set(v reflect.Value, text string, node ast.Node) error {
	if reader, ok := v.Addr().Interface().(encoding.TextUnmarshaler); ok {
		return reader.UnmarshalText([]byte(text))
	}
	if v.Type() == reflect.TypeFor[time.Duration]() {
		d, err := Duration(text)
		v.SetInt(int64(d))
		return err
	}
	switch {
	case v.Kind() == reflect.String:
		v.SetString(text)
	case v.Kind() == reflect.Bool:
		b, ok := node.(*ast.BoolNode)
		if !ok {
			return errors.New("want true or false")
		}
		v.SetBool(b.Value)
	case v.CanInt():
		n, err := number(text)
		if err != nil {
			return err
		}
		if v.OverflowInt(n) {
			return errors.New("number out of range")
		}
		v.SetInt(n)
	case v.CanUint():
		n, err := number(text)
		if err != nil {
			return err
		}
		if n < 0 || v.OverflowUint(uint64(n)) {
			return errors.New("number out of range")
		}
		v.SetUint(uint64(n))
	case v.CanFloat():
		f, err := strconv.ParseFloat(text, 64)
		if err != nil || math.IsNaN(f) || math.IsInf(f, 0) {
			return errors.New("want a number")
		}
		v.SetFloat(f)
	default:
		return errors.New("cannot be set in a file")
	}
	return nil
}

var errDuration = errors.New(`want a duration with its unit, such as "90s", "5m", "168h" or "7d"`)

// Duration reads what time.ParseDuration reads, and whole days.
func Duration(text string) (time.Duration, error) {
	if days, ok := strings.CutSuffix(text, "d"); ok {
		n, err := strconv.ParseInt(days, 10, 32)
		if err != nil || n > int64(math.MaxInt64/(24*time.Hour)) || n < 0 {
			return 0, errDuration
		}
		return time.Duration(n) * 24 * time.Hour, nil
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		return 0, errDuration
	}
	return d, nil
}

// number reads a whole number, or a number of bytes with its unit.
func number(text string) (int64, error) {
	text = strings.ReplaceAll(text, "_", "")
	digits := strings.TrimRight(text, "kKMGTiB ")
	unit, ok := map[string]int64{
		"": 1, "B": 1,
		"kB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12,
		"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40,
	}[strings.TrimSpace(text[len(digits):])]
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || !ok {
		return 0, errors.New(`want a whole number, or bytes with a unit such as "40MiB"`)
	}
	if n > math.MaxInt64/unit || n < math.MinInt64/unit {
		return 0, errors.New("number out of range")
	}
	return n * unit, nil
}
