package pty

import (
	"bufio"
	"os"
	"strconv"
	"strings"
)

// passwdShell finds the shell of a user in a password file, whose lines are
//
//	name:password:user:group:comment:home:shell
//
// It is empty where there is none.
func passwdShell(file string, user int) string {
	f, err := os.Open(file)
	if err != nil {
		return ""
	}
	defer f.Close()
	want := strconv.Itoa(user)
	for lines := bufio.NewScanner(f); lines.Scan(); {
		fields := strings.Split(lines.Text(), ":")
		if len(fields) == 7 && fields[2] == want {
			return fields[6]
		}
	}
	return ""
}
