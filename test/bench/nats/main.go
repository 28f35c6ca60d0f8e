// Command nats runs nats-server with its MQTT listener on one address, for comparison
// with Millrace. Its streams are in a folder of its own. It ends with SIGTERM.
package main

import (
	"crypto/tls"
	"errors"
	"flag"
	"log"
	"net"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:1883", "where to listen for MQTT")
	dir := flag.String("dir", "", "folder for its streams")
	cert := flag.String("cert", "", "certificate, PEM: TLS")
	key := flag.String("key", "", "its key, PEM")
	power := flag.Bool("power", false, "fsync before each acknowledgement")
	flag.Parse()
	if err := run(*addr, *dir, *cert, *key, *power); err != nil {
		log.Fatal(err)
	}
}

func run(addr, dir, cert, key string, power bool) error {
	host, text, err := net.SplitHostPort(addr)
	if err != nil {
		return err
	}
	port, err := strconv.Atoi(text)
	if err != nil {
		return err
	}
	mqtt := server.MQTTOpts{Host: host, Port: port}
	if cert != "" {
		pair, err := tls.LoadX509KeyPair(cert, key)
		if err != nil {
			return err
		}
		mqtt.TLSConfig = &tls.Config{Certificates: []tls.Certificate{pair}}
	}
	s, err := server.NewServer(&server.Options{
		ServerName: "peer", Host: host, Port: server.RANDOM_PORT, NoLog: true, NoSigs: true, MaxConn: 100_000,
		JetStream: true, StoreDir: dir, SyncAlways: power, MQTT: mqtt,
	})
	if err != nil {
		return err
	}
	s.Start()
	if !s.ReadyForConnections(10 * time.Second) {
		return errors.New("nats-server does not start")
	}
	end := make(chan os.Signal, 1)
	signal.Notify(end, os.Interrupt, syscall.SIGTERM)
	<-end
	s.Shutdown()
	s.WaitForShutdown()
	return nil
}
