package cli

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"satchel/auth"
	"satchel/internal/secretfile"
	"satchel/internal/terminal"
)

// passwordFlags are the ways to give a password. None is an argument: other users of the machine can see those.
type passwordFlags struct {
	file  string
	stdin bool
}

func (p *passwordFlags) add(c *cobra.Command) {
	c.Flags().StringVar(&p.file, "password-file", "", "file that holds the password in its first line")
	c.Flags().BoolVar(&p.stdin, "password-stdin", false, "read the password from standard input")
	c.MarkFlagsMutuallyExclusive("password-file", "password-stdin")
}

// read reads the password of an account, from a prompt if no flag says otherwise.
func (p *passwordFlags) read(name string) (string, error) {
	switch {
	case p.file != "":
		f, err := os.Open(p.file)
		if err != nil {
			return "", err
		}
		defer f.Close()
		return secretfile.FirstLine(f)
	case p.stdin:
		return secretfile.FirstLine(os.Stdin)
	case !terminal.Is(os.Stdin):
		return "", usagef("no terminal to ask for the password of %q; give --password-file FILE or --password-stdin", name)
	}
	first, err := promptSecret(fmt.Sprintf("Password for %s: ", name))
	if err != nil {
		return "", err
	}
	if err := auth.CheckPassword(name, first); err != nil {
		return "", err
	}
	second, err := promptSecret("The same again: ")
	if err != nil {
		return "", err
	}
	if first != second {
		return "", errors.New("the two passwords differ; nothing was changed")
	}
	return first, nil
}

// prompt asks for a line on the terminal.
func prompt(question string) (string, error) {
	fmt.Fprint(os.Stderr, question)
	line, err := bufio.NewReader(os.Stdin).ReadString('\n')
	if err != nil {
		return "", fmt.Errorf("read the answer: %w", err)
	}
	return strings.TrimSpace(line), nil
}

// promptSecret asks for a line that is not shown.
func promptSecret(question string) (string, error) {
	fmt.Fprint(os.Stderr, question)
	secret, err := term.ReadPassword(int(os.Stdin.Fd()))
	fmt.Fprintln(os.Stderr)
	if err != nil {
		return "", fmt.Errorf("read the password: %w", err)
	}
	return string(secret), nil
}
