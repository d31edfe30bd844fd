// Serves calls of one Go function as data: frames of JSON on descriptors 3 and 4.

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"reflect"
	"strconv"
)

type benchShimMessage struct {
	Id   uint64        `json:"id"`
	Args []interface{} `json:"args"`
}

func benchShimReceive(input io.Reader) []byte {
	head := make([]byte, 8)
	if _, err := io.ReadFull(input, head); err != nil {
		os.Exit(0)
	}
	length, err := strconv.ParseUint(string(head), 16, 32)
	if err != nil {
		os.Exit(1)
	}
	body := make([]byte, length)
	if _, err := io.ReadFull(input, body); err != nil {
		os.Exit(0)
	}
	return body
}

func benchShimSend(output io.Writer, body []byte) {
	if _, err := output.Write(append([]byte(fmt.Sprintf("%08x", len(body))), body...)); err != nil {
		os.Exit(0)
	}
}

// The last result of type error is how a Go function raises.
func benchShimCall(function reflect.Value, given []interface{}, w *benchShimWriter) {
	kind := function.Type()
	if kind.IsVariadic() || len(given) != kind.NumIn() {
		benchShimRefuse("another number of arguments")
	}
	args := make([]reflect.Value, len(given))
	for i := range given {
		args[i] = benchShimGet(given[i], kind.In(i))
	}
	found := function.Call(args)
	if last := len(found) - 1; last >= 0 && kind.Out(last) == reflect.TypeOf((*error)(nil)).Elem() {
		if !found[last].IsNil() {
			benchShimRefuse("the function returned an error")
		}
		found = found[:last]
	}
	switch len(found) {
	case 0:
		w.WriteString("null")
	case 1:
		w.put(found[0], 0)
	default:
		w.WriteString("{\"$tuple\":")
		w.list(len(found), func(i int) { w.put(found[i], 1) })
		w.WriteByte('}')
	}
}

func benchShimAnswer(function reflect.Value, message benchShimMessage) (reply []byte) {
	defer func() {
		if problem := recover(); problem != nil {
			text, misfit := problem.(benchShimMisfit)
			w := &benchShimWriter{}
			fmt.Fprintf(w, "{\"id\":%d,\"error\":\"panic\",\"text\":", message.Id)
			if misfit {
				w.Reset()
				fmt.Fprintf(w, "{\"id\":%d,\"error\":\"TypeError\",\"text\":", message.Id)
			}
			w.text(string(text))
			w.WriteByte('}')
			reply = w.Bytes()
		}
	}()
	w := &benchShimWriter{}
	fmt.Fprintf(w, "{\"id\":%d,\"ok\":", message.Id)
	benchShimCall(function, message.Args, w)
	w.WriteByte('}')
	if w.Len() > benchShimFrame {
		benchShimRefuse("answer too large")
	}
	return w.Bytes()
}

func benchShimServe(function interface{}) {
	input, output := os.NewFile(3, "in"), os.NewFile(4, "out")
	benchShimSend(output, []byte("{\"load\":\"ok\",\"error\":\"\"}"))
	for {
		decoder := json.NewDecoder(bytes.NewReader(benchShimReceive(input)))
		decoder.UseNumber()
		message := benchShimMessage{}
		if decoder.Decode(&message) != nil {
			os.Exit(1)
		}
		benchShimSend(output, benchShimAnswer(reflect.ValueOf(function), message))
	}
}
