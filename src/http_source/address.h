// Which addresses a source may connect to when its host is not trusted to be inside.
#pragma once

#include <sys/socket.h>

#include <string>

namespace strata {

// Whether the address is globally routable unicast: not loopback, link-local, private, shared,
// multicast, reserved or documentation, nor a form that hides such an IPv4 address in IPv6.
[[nodiscard]] bool is_public_address(const sockaddr& address);

// "192.0.2.1", "2001:db8::1", or "an address of family 1".
[[nodiscard]] std::string describe_address(const sockaddr& address);

}  // namespace strata
