// TestKnot: a real knotd with a signed zone example.test. that takes updates, and an unsigned one that refuses them.
#pragma once

#include "io/dns/test_daemon.h"
#include "types/ip_address.h"

namespace danewerk::io::dns {

struct TestKnot {
  static constexpr const char* good_key = "hmac-sha256:writer:MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";

  explicit TestKnot(const std::string& peers, const std::string& preload = {}) : port(free_port()) {
    const std::string conf = "server:\n  rundir: " + dir.path() + "\n  listen: 127.0.0.1@" + std::to_string(port) +
                             "\n  udp-workers: 1\n  tcp-workers: 1\n  background-workers: 1\n"
                             "log:\n- target: stdout\n  any: info\n"
                             "database:\n  storage: " + dir.path() + "\n  journal-db-max-size: 32M\n  kasp-db-max-size: 16M\n  timer-db-max-size: 16M\n"
                             "key:\n"
                             "- id: writer\n  algorithm: hmac-sha256\n  secret: MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=\n"
                             "- id: writer512\n  algorithm: hmac-sha512\n  secret: " + long_secret + "\n"
                             "- id: stranger\n  algorithm: hmac-sha256\n  secret: MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=\n"
                             "acl:\n- id: writers\n  key: [ writer, writer512 ]\n  action: update\n"
                             "policy:\n- id: p\n  single-type-signing: on\n  algorithm: ecdsap256sha256\n  nsec3: off\n  cds-cdnskey-publish: none\n"
                             "template:\n- id: default\n  storage: " + dir.path() + "\n  zonefile-sync: -1\n  zonefile-load: whole\n"
                             "zone:\n- domain: example.test\n  file: example.zone\n  acl: writers\n  dnssec-signing: on\n  dnssec-policy: p\n"
                             "- domain: closed.test\n  file: closed.zone\n";
    dir.write("knot.conf", conf);
    const std::string apex = "@ 300 SOA ns hostmaster 1 3600 600 86400 300\n@ 300 NS ns\nns 300 A 127.0.0.1\n";
    dir.write("example.zone", "$ORIGIN example.test.\n" + apex +
                                  "mx 300 A 192.0.2.25\n_25._tcp.mx 300 TLSA 3 1 1 " + std::string(64, 'a') + "\n*.w 300 A 192.0.2.7\n");
    dir.write("closed.zone", "$ORIGIN closed.test.\n" + apex);
    daemon.emplace(peers, std::vector<std::string>{peers + "/usr/sbin/knotd", "-c", dir.path("knot.conf")}, preload);
    ready = daemon->said("server started") && daemon->said("loaded, serial", 2);
  }
  types::Endpoint endpoint() const { return {*types::IpAddress::parse("127.0.0.1"), types::Port{static_cast<std::uint16_t>(port)}}; }

  static inline const std::string long_secret =
      "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWYwMTIzNDU2Nzg5YWJjZGVmMDEyMzQ1Njc4OWFiY2RlZg==";
  ScratchDir dir;
  int port;
  std::optional<TestDaemon> daemon;
  bool ready = false;
};

}  // namespace danewerk::io::dns
