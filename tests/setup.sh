#!/bin/sh
# System packages that tests drive: Chromium as a real participant, Janus as a media server that people really run,
# Go and Pion for a WHEP server that the tests build (a minute, once), coturn as STUN and TURN server, ip and nft for
# networks of the tests' own (which need root), music on hold as something that is not speech, and a machine's voice.
# Installed where apt and root are there; elsewhere the tests that need them are skipped by name.
missing=""
command -v chromium >/dev/null 2>&1 || command -v google-chrome >/dev/null 2>&1 || missing="$missing chromium"
command -v janus >/dev/null 2>&1 || missing="$missing janus"
command -v espeak-ng >/dev/null 2>&1 || missing="$missing espeak-ng"
command -v turnserver >/dev/null 2>&1 || missing="$missing coturn"
PATH="$PATH:/usr/sbin:/sbin"
command -v nft >/dev/null 2>&1 || missing="$missing nftables"
command -v ip >/dev/null 2>&1 || missing="$missing iproute2"
[ -d /usr/share/asterisk/moh ] || missing="$missing asterisk-moh-opsound-wav"
command -v go >/dev/null 2>&1 || missing="$missing golang-go"
[ -d /usr/share/gocode/src/github.com/pion/webrtc ] || missing="$missing golang-github-pion-webrtc.v3-dev"
[ -z "$missing" ] && exit 0
if command -v apt-get >/dev/null 2>&1 && [ "$(id -u)" = 0 ]; then
  echo "Installing for the tests:$missing"
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq && apt-get install -y -qq --no-install-recommends $missing >/dev/null && exit 0
fi
echo "NOT INSTALLED:$missing. The tests that need them will be SKIPPED. (Debian: apt-get install$missing)"
