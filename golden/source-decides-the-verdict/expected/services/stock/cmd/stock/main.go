package main

import "k8s.io/client-go/rest"

func main() {
	if _, err := rest.InClusterConfig(); err != nil {
		panic(err)
	}
}
