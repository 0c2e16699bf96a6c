// Sends records with the official Go logger: main PORT COUNT [tls].
package main

import (
	"fmt"
	"os"
	"strconv"

	"github.com/fluent/fluent-logger-golang/fluent"
)

func main() {
	port, _ := strconv.Atoi(os.Args[1])
	count, _ := strconv.Atoi(os.Args[2])
	config := fluent.Config{FluentHost: "127.0.0.1", FluentPort: port, RequestAck: true, SubSecondPrecision: true}
	if len(os.Args) > 3 && os.Args[3] == "tls" {
		config.FluentNetwork = "tls"
		config.TlsInsecureSkipVerify = true
	}
	logger, err := fluent.New(config)
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	for i := 0; i < count; i++ {
		if err := logger.Post("go.app", map[string]interface{}{"message": fmt.Sprintf("go %d", i), "n": i}); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
	}
	if err := logger.Close(); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}
