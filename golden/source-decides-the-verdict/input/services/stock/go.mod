module example.com/shop/stock

go 1.23

require (
	k8s.io/client-go v0.31.0
	sigs.k8s.io/yaml v1.4.0 // indirect
)
