// A media server for tests: people publish by WHIP (RFC 9725), others listen by WHEP (draft-ietf-wish-whep).
//
//	POST   /{room}/{stream}/whip   an offer that sends one Opus stream; the stream is live until DELETE or the path ends
//	POST   /{room}/{stream}/whep   an offer that receives it; 401, 404 (no such room), 409 (not live), 415, 406 (no Opus)
//	PATCH  /session/{id}           trickle ICE, with If-Match: 428 without, 412 with another ETag
//	DELETE /session/{id}
//	GET    /state                  for tests: sessions by stream, candidates that came by PATCH
//
// Built with Debian's Pion 3.1: GO111MODULE=off GOPATH=/usr/share/gocode go build (Debian has v3 under its plain name)
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"mime"
	"net/http"
	"strings"
	"sync"

	"github.com/google/uuid"
	"github.com/pion/webrtc"
)

var opus = webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus, ClockRate: 48000, Channels: 2,
	SDPFmtpLine: "minptime=10;useinbandfec=1;usedtx=1"}

type session struct {
	id, etag, stream string
	viewer           bool
	pc               *webrtc.PeerConnection
}

type stream struct {
	track   *webrtc.TrackLocalStaticRTP
	session string // of the publisher
}

type server struct {
	api        *webrtc.API
	room       string
	token      string
	retryAfter string
	links      []string

	mu       sync.Mutex
	streams  map[string]*stream
	sessions map[string]*session
	trickled int
	agents   map[string]bool
}

func main() {
	listen := flag.String("listen", "127.0.0.1:0", "address")
	room := flag.String("room", "demo", "the only room")
	token := flag.String("token", "", "bearer token of listeners")
	after := flag.String("retry-after", "", "Retry-After of a stream that is not live")
	ice := flag.String("ice", "", "Link headers of STUN and TURN servers, one a line")
	loopback := flag.Bool("loopback", false, "offer loopback candidates as well")
	lite := flag.Bool("lite", false, "ICE lite")
	flag.Parse()

	media := &webrtc.MediaEngine{}
	must(media.RegisterCodec(webrtc.RTPCodecParameters{RTPCodecCapability: opus, PayloadType: 111}, webrtc.RTPCodecTypeAudio))
	mid := webrtc.RTPHeaderExtensionCapability{URI: "urn:ietf:params:rtp-hdrext:sdes:mid"}
	must(media.RegisterHeaderExtension(mid, webrtc.RTPCodecTypeAudio))
	engine := webrtc.SettingEngine{}
	engine.SetIncludeLoopbackCandidate(*loopback)
	engine.SetLite(*lite)
	s := &server{
		api:  webrtc.NewAPI(webrtc.WithMediaEngine(media), reports(media), webrtc.WithSettingEngine(engine)),
		room: *room, token: *token, retryAfter: *after,
		streams: map[string]*stream{}, sessions: map[string]*session{}, agents: map[string]bool{},
	}
	if *ice != "" {
		s.links = strings.Split(*ice, "\n")
	}
	log.Fatal(http.ListenAndServe(*listen, s))
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	switch {
	case r.URL.Path == "/state":
		s.state(w)
	case len(parts) == 2 && parts[0] == "session":
		s.serveSession(w, r, parts[1])
	case len(parts) == 3 && r.Method == http.MethodPost && parts[2] == "whip":
		s.publish(w, r, parts[1])
	case len(parts) == 3 && r.Method == http.MethodPost && parts[2] == "whep":
		s.listen(w, r, parts[0], parts[1])
	default:
		http.NotFound(w, r)
	}
}

// publish: the stream is live as soon as its publisher has an answer, with or without packets.
func (s *server) publish(w http.ResponseWriter, r *http.Request, name string) {
	track, err := webrtc.NewTrackLocalStaticRTP(opus, "audio", name)
	must(err)
	made := s.begin(name, false)
	made.pc.OnTrack(func(remote *webrtc.TrackRemote, _ *webrtc.RTPReceiver) {
		for {
			packet, _, err := remote.ReadRTP()
			if err != nil {
				return
			}
			packet.Extension, packet.Extensions = false, nil // their ids are the publisher's
			if err := track.WriteRTP(packet); err != nil && err != io.ErrClosedPipe {
				return
			}
		}
	})
	s.answer(w, r, made, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.streams[name] = &stream{track, made.id}
	})
}

func (s *server) listen(w http.ResponseWriter, r *http.Request, room, name string) {
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	s.mu.Lock()
	found := s.streams[name]
	s.agents[r.Header.Get("User-Agent")] = true
	s.mu.Unlock()
	switch {
	case s.token != "" && r.Header.Get("Authorization") != "Bearer "+s.token:
		w.Header().Set("WWW-Authenticate", "Bearer")
		http.Error(w, "the token is wrong", http.StatusUnauthorized)
	case room != s.room:
		http.Error(w, "no such room", http.StatusNotFound)
	case kind != "application/sdp":
		http.Error(w, "an offer is application/sdp", http.StatusUnsupportedMediaType)
	case found == nil:
		if s.retryAfter != "" {
			w.Header().Set("Retry-After", s.retryAfter)
		}
		http.Error(w, "nobody publishes this stream now", http.StatusConflict)
	default:
		made := s.begin(name, true)
		sender, err := made.pc.AddTrack(found.track)
		must(err)
		go func() { // what listeners report has to be read for the reports to work
			for buffer := make([]byte, 1500); err == nil; {
				_, _, err = sender.Read(buffer)
			}
		}()
		s.answer(w, r, made, func() {})
	}
}

func (s *server) begin(name string, viewer bool) *session {
	pc, err := s.api.NewPeerConnection(webrtc.Configuration{})
	must(err)
	made := &session{id: uuid.New().String(), etag: fmt.Sprintf("%q", uuid.New()), stream: name, viewer: viewer, pc: pc}
	pc.OnConnectionStateChange(func(state webrtc.PeerConnectionState) {
		if state == webrtc.PeerConnectionStateFailed || state == webrtc.PeerConnectionStateClosed {
			s.end(made.id)
		}
	})
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sessions[made.id] = made
	return made
}

func (s *server) answer(w http.ResponseWriter, r *http.Request, made *session, ready func()) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	var answer webrtc.SessionDescription
	if err == nil {
		err = made.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: string(body)})
	}
	if err == nil {
		answer, err = made.pc.CreateAnswer(nil)
	}
	if err == nil {
		gathered := webrtc.GatheringCompletePromise(made.pc)
		err = made.pc.SetLocalDescription(answer)
		<-gathered
	}
	if err != nil {
		s.end(made.id)
		http.Error(w, err.Error(), http.StatusNotAcceptable)
		return
	}
	ready()
	w.Header().Set("Content-Type", "application/sdp")
	w.Header().Set("Location", "/session/"+made.id)
	w.Header().Set("ETag", made.etag)
	w.Header().Set("Accept-Patch", "application/trickle-ice-sdpfrag")
	for _, link := range s.links {
		w.Header().Add("Link", link)
	}
	w.WriteHeader(http.StatusCreated)
	io.WriteString(w, made.pc.LocalDescription().SDP)
	if r.Context().Err() != nil { // the one who asked is gone and will never know of this session
		s.end(made.id)
	}
}

func (s *server) serveSession(w http.ResponseWriter, r *http.Request, id string) {
	s.mu.Lock()
	found := s.sessions[id]
	s.mu.Unlock()
	switch {
	case found == nil:
		http.NotFound(w, r)
	case found.viewer && s.token != "" && r.Header.Get("Authorization") != "Bearer "+s.token:
		http.Error(w, "the token is wrong", http.StatusUnauthorized)
	case r.Method == http.MethodDelete:
		s.end(id)
		w.WriteHeader(http.StatusOK)
	case r.Method == http.MethodPatch:
		s.trickle(w, r, found)
	default:
		w.WriteHeader(http.StatusNoContent)
	}
}

func (s *server) trickle(w http.ResponseWriter, r *http.Request, found *session) {
	body, _ := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	match := r.Header.Get("If-Match")
	switch {
	case r.Header.Get("Content-Type") != "application/trickle-ice-sdpfrag":
		w.WriteHeader(http.StatusUnsupportedMediaType)
		return
	case match == "":
		w.WriteHeader(http.StatusPreconditionRequired)
		return
	case match != found.etag:
		w.WriteHeader(http.StatusPreconditionFailed)
		return
	}
	for _, line := range strings.Split(string(body), "\n") {
		line = strings.TrimSpace(line)
		if !strings.HasPrefix(line, "a=candidate:") {
			continue
		}
		mid, index := "0", uint16(0)
		candidate := webrtc.ICECandidateInit{Candidate: strings.TrimPrefix(line, "a="), SDPMid: &mid, SDPMLineIndex: &index}
		if err := found.pc.AddICECandidate(candidate); err == nil {
			s.mu.Lock()
			s.trickled++
			s.mu.Unlock()
		}
	}
	w.WriteHeader(http.StatusNoContent)
}

// end: a session is over; with its publisher a stream is, and so are the sessions of those who listen to it.
func (s *server) end(id string) {
	s.mu.Lock()
	found := s.sessions[id]
	if found == nil {
		s.mu.Unlock()
		return
	}
	delete(s.sessions, id)
	over := []*session{found}
	if live := s.streams[found.stream]; live != nil && live.session == id {
		delete(s.streams, found.stream)
		for _, other := range s.sessions {
			if other.viewer && other.stream == found.stream {
				delete(s.sessions, other.id)
				over = append(over, other)
			}
		}
	}
	s.mu.Unlock()
	for _, each := range over {
		go each.pc.Close()
	}
}

func (s *server) state(w http.ResponseWriter) {
	s.mu.Lock()
	defer s.mu.Unlock()
	viewers, live, agents := map[string]int{}, []string{}, []string{}
	for name := range s.streams {
		live = append(live, name)
		viewers[name] = 0
	}
	for _, each := range s.sessions {
		if each.viewer {
			viewers[each.stream]++
		}
	}
	for agent := range s.agents {
		agents = append(agents, agent)
	}
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(map[string]interface{}{
		"live": live, "viewers": viewers, "trickled": s.trickled, "agents": agents})
}
