package main

import (
	"github.com/pion/interceptor"
	"github.com/pion/webrtc"
)

// reports: sender and receiver reports, one a second; no retransmission.
func reports(_ *webrtc.MediaEngine) func(*webrtc.API) {
	registry := &interceptor.Registry{}
	must(webrtc.ConfigureRTCPReports(registry))
	return webrtc.WithInterceptorRegistry(registry)
}
