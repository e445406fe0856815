package main

import (
	"fmt"
	"os"
	"time"
)

// uptime reads how long the machine has been running from /proc/uptime.
func uptime() (time.Duration, error) {
	text, err := os.ReadFile("/proc/uptime")
	if err != nil {
		return 0, err
	}
	var seconds float64
	if _, err := fmt.Sscan(string(text), &seconds); err != nil {
		return 0, err
	}
	return time.Duration(seconds) * time.Second, nil
}
