// Address classes, from the IANA special-purpose registries (RFC 6890 and its successors).
#include "http_source/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <array>
#include <cstdint>
#include <cstring>

namespace strata {

namespace {

struct Network4 {
  std::uint32_t prefix;
  int bits;
};

constexpr Network4 kSpecial4[] = {
    {0x00000000, 8},   // 0.0.0.0/8        this network
    {0x0A000000, 8},   // 10.0.0.0/8       private
    {0x64400000, 10},  // 100.64.0.0/10    shared (carrier-grade NAT)
    {0x7F000000, 8},   // 127.0.0.0/8      loopback
    {0xA9FE0000, 16},  // 169.254.0.0/16   link-local, cloud metadata
    {0xAC100000, 12},  // 172.16.0.0/12    private
    {0xC0000000, 24},  // 192.0.0.0/24     protocol assignments
    {0xC0000200, 24},  // 192.0.2.0/24     documentation
    {0xC0586300, 24},  // 192.88.99.0/24   former 6to4 relays
    {0xC0A80000, 16},  // 192.168.0.0/16   private
    {0xC6120000, 15},  // 198.18.0.0/15    benchmarking
    {0xC6336400, 24},  // 198.51.100.0/24  documentation
    {0xCB007100, 24},  // 203.0.113.0/24   documentation
    {0xE0000000, 4},   // 224.0.0.0/4      multicast
    {0xF0000000, 4},   // 240.0.0.0/4      reserved, broadcast
};

bool is_public_v4(std::uint32_t address) {
  for (const Network4& network : kSpecial4) {
    const std::uint32_t mask = ~std::uint32_t{0} << (32 - network.bits);
    if ((address & mask) == network.prefix) return false;
  }
  return true;
}

using Bytes6 = std::array<std::uint8_t, 16>;

bool has_prefix(const Bytes6& address, std::initializer_list<std::uint8_t> prefix, int bits) {
  std::size_t at = 0;
  for (const std::uint8_t expected : prefix) {
    const int left = bits - static_cast<int>(at) * 8;
    const auto mask = static_cast<std::uint8_t>(left >= 8 ? 0xFF : 0xFF << (8 - left));
    if ((address[at] & mask) != expected) return false;
    ++at;
  }
  return true;
}

bool is_public_v6(const Bytes6& address) {
  // 64:ff9b::/96: a translator makes an IPv4 connection to the last four bytes.
  if (has_prefix(address, {0x00, 0x64, 0xFF, 0x9B, 0, 0, 0, 0, 0, 0, 0, 0}, 96)) {
    return is_public_v4(std::uint32_t{address[12]} << 24 | std::uint32_t{address[13]} << 16 |
                        std::uint32_t{address[14]} << 8 | address[15]);
  }
  // All else outside 2000::/3 is special: ::, ::1, ::ffff:a.b.c.d, fc00::, fe80::, ff00::, ...
  if (!has_prefix(address, {0x20}, 3)) return false;
  if (has_prefix(address, {0x20, 0x01, 0x00}, 23)) return false;        // protocols, Teredo
  if (has_prefix(address, {0x20, 0x01, 0x0D, 0xB8}, 32)) return false;  // documentation
  if (has_prefix(address, {0x20, 0x02}, 16)) return false;              // 6to4, hides IPv4
  if (has_prefix(address, {0x3F, 0xFF, 0x00}, 20)) return false;        // documentation
  return true;
}

}  // namespace

bool is_public_address(const sockaddr& address) {
  if (address.sa_family == AF_INET) {
    sockaddr_in v4;
    std::memcpy(&v4, &address, sizeof(v4));
    return is_public_v4(ntohl(v4.sin_addr.s_addr));
  }
  if (address.sa_family == AF_INET6) {
    sockaddr_in6 v6;
    std::memcpy(&v6, &address, sizeof(v6));
    Bytes6 bytes;
    std::memcpy(bytes.data(), &v6.sin6_addr, bytes.size());
    return is_public_v6(bytes);
  }
  return false;
}

std::string describe_address(const sockaddr& address) {
  char text[INET6_ADDRSTRLEN] = "";
  if (address.sa_family == AF_INET) {
    sockaddr_in v4;
    std::memcpy(&v4, &address, sizeof(v4));
    inet_ntop(AF_INET, &v4.sin_addr, text, sizeof(text));
    return text;
  }
  if (address.sa_family == AF_INET6) {
    sockaddr_in6 v6;
    std::memcpy(&v6, &address, sizeof(v6));
    inet_ntop(AF_INET6, &v6.sin6_addr, text, sizeof(text));
    return text;
  }
  return "an address of family " + std::to_string(address.sa_family);
}

}  // namespace strata
