module securechat

go 1.27

toolchain go1.27.4

require (
	golang.org/x/net v0.62.0 // indirect
	golang.org/x/text v0.43.0 // indirect
)
