// Go's net/http: one client, so many goroutines that take the requests in turn.
// PEER URL N CONCURRENCY h1|h2; $CAFILE is trusted.
package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

func transport(concurrency int, version string) *http.Transport {
	trust := x509.NewCertPool()
	if file := os.Getenv("CAFILE"); file != "" {
		certificates, err := os.ReadFile(file)
		if err != nil || !trust.AppendCertsFromPEM(certificates) {
			log.Fatal("no certificate in ", file)
		}
	}
	transport := &http.Transport{
		TLSClientConfig:     &tls.Config{RootCAs: trust},
		MaxConnsPerHost:     concurrency,
		MaxIdleConns:        concurrency,
		MaxIdleConnsPerHost: concurrency,
		ForceAttemptHTTP2:   version == "h2",
	}
	if version == "h1" {
		// As its documentation says HTTP/2 is turned off.
		transport.TLSNextProto = map[string]func(string, *tls.Conn) http.RoundTripper{}
	}
	return transport
}

func main() {
	parts := strings.SplitN(os.Args[1], "{id}", 2)
	count, _ := strconv.ParseInt(os.Args[2], 10, 64)
	concurrency, _ := strconv.Atoi(os.Args[3])
	client := &http.Client{Transport: transport(concurrency, os.Args[4])}
	var next, good, bad, overHTTP2 atomic.Int64
	get := func(number int64) bool {
		response, err := client.Get(parts[0] + strconv.FormatInt(number, 10) + parts[1])
		if err != nil {
			return false
		}
		defer response.Body.Close()
		content, err := io.ReadAll(response.Body)
		if err != nil || response.StatusCode != 200 {
			return false
		}
		if response.ProtoMajor == 2 {
			overHTTP2.Add(1)
		}
		content = bytes.TrimSpace(bytes.ReplaceAll(content, []byte(" "), nil))
		return string(content) == fmt.Sprintf("{\"id\":%d}", number)
	}
	var workers sync.WaitGroup
	began := time.Now()
	for i := 0; i < concurrency; i++ {
		workers.Add(1)
		go func() {
			defer workers.Done()
			for number := next.Add(1) - 1; number < count; number = next.Add(1) - 1 {
				if get(number) {
					good.Add(1)
				} else {
					bad.Add(1)
				}
			}
		}()
	}
	workers.Wait()
	fmt.Printf("{\"ok\":%d,\"err\":%d,\"elapsed\":%f,\"h2\":%d}\n",
		good.Load(), bad.Load(), time.Since(began).Seconds(), overHTTP2.Load())
}
