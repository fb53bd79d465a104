// Thread: a named thread that is joined when its handle goes. The only way Strata starts one.
#pragma once

#include <functional>
#include <memory>
#include <string>

namespace strata {

class Thread {
 public:
  Thread();
  Thread(std::string name, std::function<void()> body);  // name: at most 15 bytes are shown
  ~Thread();                                             // joins
  Thread(Thread&&) noexcept;
  Thread& operator=(Thread&&) noexcept;  // joins the former one

  void join();
  [[nodiscard]] bool joinable() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace strata
