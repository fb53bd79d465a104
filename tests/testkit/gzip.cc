// Deflate by hand: stored blocks for short texts, and one endless repetition for bombs.
#include <cstdint>

#include "testkit/http_origin.h"

namespace strata::testkit {

namespace {

constexpr std::string_view kGzipHeader{"\x1F\x8B\x08\0\0\0\0\0\0\xFF", 10};
constexpr std::size_t kStoredBlockBytes = 65535;

void append_little_endian(std::string& out, std::uint64_t value, int bytes) {
  for (int index = 0; index < bytes; ++index) out += static_cast<char>(value >> (8 * index));
}

std::uint32_t crc32(std::string_view text) {
  std::uint32_t crc = ~std::uint32_t{0};
  for (const char c : text) {
    crc ^= static_cast<unsigned char>(c);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0xEDB88320u : 0);
  }
  return ~crc;
}

// Deflate writes codes from their highest bit, everything else from its lowest.
class BitWriter {
 public:
  explicit BitWriter(std::string& out) : out_(out) {}
  void code(std::uint32_t bits, int count) {
    for (int index = count - 1; index >= 0; --index) bit((bits >> index) & 1);
  }
  void bit(std::uint32_t value) {
    if (used_ == 0) out_ += '\0';
    out_.back() = static_cast<char>(static_cast<unsigned char>(out_.back()) | (value << used_));
    used_ = (used_ + 1) % 8;
  }

 private:
  std::string& out_;
  int used_ = 0;
};

}  // namespace

std::string gzip_of(std::string_view text) {
  std::string out(kGzipHeader);
  std::string_view rest = text;
  do {
    const std::string_view block = rest.substr(0, kStoredBlockBytes);
    rest.remove_prefix(block.size());
    out += rest.empty() ? '\1' : '\0';
    append_little_endian(out, block.size(), 2);
    append_little_endian(out, ~block.size(), 2);
    out += block;
  } while (!rest.empty());
  append_little_endian(out, crc32(text), 4);
  append_little_endian(out, text.size(), 4);
  return out;
}

std::string gzip_bomb(std::size_t bytes) {
  std::string out(kGzipHeader);
  BitWriter writer(out);
  writer.bit(1);  // the last block
  writer.bit(1);  // fixed codes: 01, lowest bit first
  writer.bit(0);
  writer.code(0x30 + 'a', 8);
  for (std::size_t written = 1; written < bytes; written += 258) {
    writer.code(0xC5, 8);  // 258 bytes again
    writer.code(0, 5);     // from one byte before
  }
  writer.code(0, 7);  // the end
  // The sums are left out: whoever reads so far has read too much.
  return out;
}

}  // namespace strata::testkit
