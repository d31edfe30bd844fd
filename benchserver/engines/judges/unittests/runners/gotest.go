// Beside the tests of a package: one test a process, and a late nonce for the supervisor.

package PACKAGE

import (
	benchEncoding "encoding/json"
	benchFlag "flag"
	benchIO "io"
	benchOS "os"
	benchTesting "testing"
)

var benchNames = []string{NAMES}

func TestMain(m *benchTesting.M) {
	in, out := benchOS.NewFile(3, "in"), benchOS.NewFile(4, "out")
	benchFlag.Parse()
	words := benchFlag.Args()
	if words[0] == "list" {
		benchEncoding.NewEncoder(out).Encode(benchNames)
		benchOS.Exit(0)
	}
	benchFlag.Set("test.run", "^"+words[1]+"$")
	if code := m.Run(); code != 0 {
		out.WriteString("failed\n")
		benchOS.Exit(code)
	}
	out.WriteString("done\n")
	nonce := make([]byte, 32)
	if _, err := benchIO.ReadFull(in, nonce); err != nil {
		benchOS.Exit(1)
	}
	out.Write(nonce)
	benchOS.Exit(0)
}
