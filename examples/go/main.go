package main

import (
	"fmt"
	"os"
)

func main() {
	up, err := uptime()
	if err != nil {
		fmt.Fprintln(os.Stderr, "uptime:", err)
		os.Exit(1)
	}
	fmt.Printf("hello from a machine that is up for %s\n", up)
}
