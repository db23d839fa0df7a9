// gorilla/websocket: ReadMessage and WriteMessage in one goroutine.
// PEER flood URL | send N SIZE URL; DEFLATE=1 offers permessage-deflate.
package main

import (
	"crypto/tls"
	"fmt"
	"log"
	"os"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/gorilla/websocket"
)

func dial(url string) *websocket.Conn {
	dialer := websocket.Dialer{
		TLSClientConfig:   &tls.Config{InsecureSkipVerify: true},
		ReadBufferSize:    65536,
		WriteBufferSize:   65536,
		EnableCompression: os.Getenv("DEFLATE") != "",
	}
	connection, _, err := dialer.Dial(url, nil)
	if err != nil {
		log.Fatal(err)
	}
	return connection
}

func flood(url string) {
	connection := dial(url)
	messages, bytes := 0, 0
	for {
		kind, data, err := connection.ReadMessage()
		if err != nil {
			break
		}
		if kind == websocket.TextMessage && !utf8.Valid(data) {
			log.Fatal("invalid text")
		}
		messages++
		bytes += len(data)
	}
	fmt.Printf("{\"msgs\":%d,\"bytes\":%d}\n", messages, bytes)
}

func send(count, size int, url string) {
	connection := dial(url)
	message := make([]byte, size)
	for i := range message {
		message[i] = 'x'
	}
	for i := 0; i < count; i++ {
		if err := connection.WriteMessage(websocket.TextMessage, message); err != nil {
			log.Fatal(err)
		}
	}
	farewell := websocket.FormatCloseMessage(websocket.CloseNormalClosure, "")
	connection.WriteControl(websocket.CloseMessage, farewell, time.Now().Add(time.Second))
	for {
		if _, _, err := connection.ReadMessage(); err != nil {
			break
		}
	}
	fmt.Printf("{\"msgs\":%d,\"bytes\":%d}\n", count, count*size)
}

func main() {
	if os.Args[1] == "flood" {
		flood(os.Args[2])
		return
	}
	count, _ := strconv.Atoi(os.Args[2])
	size, _ := strconv.Atoi(os.Args[3])
	send(count, size, os.Args[4])
}
