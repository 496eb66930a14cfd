// What Go's standard library makes of the system interface: files, directories, time, arguments, standard streams.
package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func must(ok bool, what string) {
	if !ok {
		panic(what)
	}
}

func files() {
	check(os.WriteFile("file.txt", []byte("one\ntwo\n"), 0o666))
	file, err := os.OpenFile("file.txt", os.O_APPEND|os.O_RDWR, 0)
	check(err)
	_, err = file.WriteString("three\n")
	check(err)
	_, err = file.Seek(4, io.SeekStart)
	check(err)
	text, err := io.ReadAll(file)
	check(err)
	must(string(text) == "two\nthree\n", "what was written")
	check(file.Truncate(8))
	check(file.Sync())
	info, err := file.Stat()
	check(err)
	must(info.Size() == 8 && info.Mode().IsRegular() && info.ModTime().Year() > 2000, "attributes")
	check(file.Close())
	_, err = os.OpenFile("file.txt", os.O_CREATE|os.O_EXCL, 0o666)
	must(errors.Is(err, fs.ErrExist), "exclusive")
	_, err = os.Open("none")
	must(errors.Is(err, fs.ErrNotExist), "nothing there")
	_, err = os.Open("/../outside")
	must(err != nil, "outside")
	check(os.Rename("file.txt", "moved.txt"))
	check(os.Link("moved.txt", "linked.txt"))
	check(os.Symlink("linked.txt", "link"))
	target, err := os.Readlink("link")
	check(err)
	must(target == "linked.txt", "link")
	through, err := os.ReadFile("link")
	check(err)
	must(string(through) == "one\ntwo\n", "through the link")
	for _, name := range []string{"moved.txt", "linked.txt", "link"} {
		check(os.Remove(name))
	}
}

func directories() {
	check(os.MkdirAll("tree/a/b", 0o777))
	for i := 0; i < 200; i++ {
		check(os.WriteFile(fmt.Sprintf("tree/a/%d", i), make([]byte, 10), 0o666))
	}
	entries, err := os.ReadDir("tree/a")
	check(err)
	must(len(entries) == 201, "entries")
	count := 0
	check(filepath.WalkDir("tree", func(_ string, entry fs.DirEntry, err error) error {
		if !entry.IsDir() {
			count++
		}
		return err
	}))
	must(count == 200, "files")
	check(os.RemoveAll("tree"))
	_, err = os.Stat("tree")
	must(errors.Is(err, fs.ErrNotExist), "removed")
}

func main() {
	files()
	directories()
	begin := time.Now()
	time.Sleep(20 * time.Millisecond)
	must(time.Since(begin) >= 20*time.Millisecond, "slept")
	done := make(chan int)
	go func() { done <- 1 }()
	<-done
	fmt.Printf("%q %q\n", os.Args[1:], os.Getenv("GREETING"))
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		fmt.Println(strings.ToUpper(lines.Text()))
	}
	fmt.Fprintln(os.Stderr, "go is done")
	os.Exit(7)
}
