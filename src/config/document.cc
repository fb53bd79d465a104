// The only file that speaks to yaml-cpp: its events, turned into a tree.
//
// yaml-cpp reports events in the order of the text, each with a mark that counts from 0 and in
// bytes. Limits are enforced while events arrive, so that nothing large is ever built: an event
// that would exceed one throws Refused through the parser, which is made for that.
#include "config/document.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <map>
#include <optional>
#include <sstream>
#include <utility>

#include "codecs/utf8.h"
#include "config/text_check.h"

namespace strata::internal {
namespace {

struct Refused {
  Place place;
  std::string message;
};

std::size_t count(const Node& node) {
  std::size_t result = 1;
  for (const Node& item : node.items) result += count(item);
  for (const Entry& entry : node.entries) result += count(entry.value);
  return result;
}

std::size_t height(const Node& node) {
  std::size_t below = 0;
  for (const Node& item : node.items) below = std::max(below, height(item));
  for (const Entry& entry : node.entries) below = std::max(below, height(entry.value));
  return node.kind == Node::Kind::kList || node.kind == Node::Kind::kMap ? below + 1 : 0;
}

class Builder : public YAML::EventHandler {
 public:
  explicit Builder(std::string_view text) : text_(text) {}

  Node take() { return std::move(root_); }

  // Marks come nearly in order: counting on from the last one keeps a text of a single long
  // line linear.
  Place place_of(const YAML::Mark& mark) {
    const auto line = static_cast<std::size_t>(std::max(mark.line, 0)) + 1;
    const std::size_t at = std::min(static_cast<std::size_t>(std::max(mark.pos, 0)), text_.size());
    if (line != last_.line) {
      const std::size_t bytes = static_cast<std::size_t>(std::max(mark.column, 0));
      last_offset_ = at - std::min(bytes, at);
      last_ = {line, 1};
    }
    if (at >= last_offset_) {
      last_.column += characters(last_offset_, at);
    } else {
      last_.column -= characters(at, last_offset_);
    }
    last_offset_ = at;
    return last_;
  }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ > 1) {
      throw Refused{place_of(mark), "a second YAML document begins here; write a single one"};
    }
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    finish(begin(mark, "", Node::Kind::kNull), anchor);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    if (tag != "?" && !quote_is_closed(text_, static_cast<std::size_t>(mark.pos))) {
      throw Refused{place_of(mark), "the quote that opens here is never closed"};
    }
    // yaml-cpp makes single bytes of both.
    if (!is_utf8(value)) {
      throw Refused{place_of(mark),
                    "the escapes \\N and \\_ are not supported; write \\x85 or \\xa0"};
    }
    Node node = begin(mark, tag, Node::Kind::kScalar);
    node.text = value;
    finish(std::move(node), anchor);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) {
      throw Refused{place_of(mark), "this alias stands inside the value that it names"};
    }
    if (open_.size() + height(found->second) > kConfigDepth) refuse_depth(place_of(mark));
    spend(count(found->second), place_of(mark));
    place_in_parent(found->second);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value /*style*/) override {
    open(begin(mark, tag, Node::Kind::kList), anchor);
  }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value /*style*/) override {
    open(begin(mark, tag, Node::Kind::kMap), anchor);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapEnd() override { close(); }

 private:
  // A map or list whose end was not seen yet.
  struct Open {
    Node node;
    YAML::anchor_t anchor = 0;
    std::optional<Entry> key;  // of a map: seen, and waiting for its value
  };

  // A column of yaml-cpp counts bytes, one of ours characters.
  [[nodiscard]] std::size_t characters(std::size_t from, std::size_t to) const {
    const std::string_view range = text_.substr(from, to - from);
    return static_cast<std::size_t>(std::count_if(range.begin(), range.end(), [](char c) {
      return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
    }));
  }

  void spend(std::size_t nodes, Place place) {
    nodes_ += nodes;
    if (nodes_ <= kConfigNodes) return;
    throw Refused{place, "the text has more than " + std::to_string(kConfigNodes) +
                             " values, counting each use of an alias"};
  }

  [[noreturn]] static void refuse_depth(Place place) {
    throw Refused{place, "maps and lists are nested more than " + std::to_string(kConfigDepth) +
                             " levels deep"};
  }

  Node begin(const YAML::Mark& mark, const std::string& tag, Node::Kind kind) {
    Node node;
    node.kind = kind;
    node.place = place_of(mark);
    spend(1, node.place);
    node.has_tag = !tag.empty() && tag != "?" && tag != "!";
    return node;
  }

  void open(Node node, YAML::anchor_t anchor) {
    if (open_.size() >= kConfigDepth) refuse_depth(node.place);
    open_.push_back({std::move(node), anchor, std::nullopt});
  }

  void close() {
    Open done = std::move(open_.back());
    open_.pop_back();
    finish(std::move(done.node), done.anchor);
  }

  void finish(Node node, YAML::anchor_t anchor) {
    if (anchor != 0) {
      spend(count(node), node.place);  // it is kept a second time, for its aliases
      anchors_[anchor] = node;
    }
    place_in_parent(std::move(node));
  }

  void place_in_parent(Node node) {
    if (open_.empty()) {
      root_ = std::move(node);
      return;
    }
    Open& parent = open_.back();
    if (parent.node.kind == Node::Kind::kList) {
      parent.node.items.push_back(std::move(node));
    } else if (!parent.key) {
      const bool is_text = node.kind == Node::Kind::kScalar;
      parent.key = Entry{std::move(node.text), is_text, node.place, {}};
    } else {
      // The parser finds nothing where the next thing begins.
      if (node.kind == Node::Kind::kNull && node.place.line > parent.key->place.line) {
        node.place = parent.key->place;
      }
      parent.key->value = std::move(node);
      parent.node.entries.push_back(std::move(*parent.key));
      parent.key.reset();
    }
  }

  std::string_view text_;
  Node root_;
  std::vector<Open> open_;
  std::map<YAML::anchor_t, Node> anchors_;
  Place last_;
  std::size_t last_offset_ = 0;
  std::size_t nodes_ = 0;
  std::size_t documents_ = 0;
};

Error rejected(std::string_view file, Place place, std::string_view message) {
  return {ErrorCode::kRejected, located(file, place, message), {}};
}

// yaml-cpp quotes bytes as they are, half of a character included.
std::string printable(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](char c) { return c < 0x20 || c > 0x7e; }, '?');
  return text;
}

}  // namespace

std::string located(std::string_view file, Place place, std::string_view message) {
  std::string out(file);
  if (place.line > 0) {
    out += ':' + std::to_string(place.line) + ':' + std::to_string(place.column);
  }
  return out.append(": ").append(message);
}

Result<Node> parse_document(std::string_view bytes, std::string_view file) {
  if (const auto problem = check_config_text(bytes)) {
    return rejected(file, problem->place, problem->message);
  }
  const std::string_view text = without_byte_order_mark(bytes);
  Builder builder(text);
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) continue;
  } catch (const Refused& refused) {
    return rejected(file, refused.place, refused.message);
  } catch (const YAML::Exception& error) {
    const Place place = builder.place_of(error.mark);
    if (const auto tab = find_tab_indentation(text, place.line)) {
      return rejected(file, tab->place, tab->message);
    }
    return rejected(file, place, "is not YAML: " + printable(error.msg));
  } catch (const std::exception& error) {
    return rejected(file, {}, "is not YAML: " + printable(error.what()));
  }
  return builder.take();
}

}  // namespace strata::internal
