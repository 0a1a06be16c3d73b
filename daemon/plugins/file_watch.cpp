#include "plugins/file_watch.hpp"

#include "base/log.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <map>
#include <optional>

namespace hobd {
namespace {

constexpr std::string_view kPart = "plugins";
constexpr std::size_t kMaxWriting = 1000;  // files
constexpr std::uint32_t kWanted = IN_CREATE | IN_MODIFY | IN_CLOSE_WRITE | IN_ATTRIB | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE |
                                  IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;

bool counts(std::string_view file) { return !file.starts_with('.') && !file.ends_with('~'); }

}  // namespace

class FileWatch::State : public std::enable_shared_from_this<FileWatch::State> {
 public:
  State(asio::any_io_executor executor, std::chrono::milliseconds settle, std::function<void()> settled)
      : settle_(settle), settled_(std::move(settled)), descriptor_(executor), timer_(executor) {}

  void open() {
    const int fd = ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (fd < 0) {
      log::warn(kPart, "changed plugin files are not noticed by themselves: inotify: {}; run hobctl plugin reload",
                std::strerror(errno));
      return;
    }
    descriptor_.assign(fd);
    read();
  }

  void close() {
    settled_ = nullptr;
    boost::system::error_code ignored;
    descriptor_.close(ignored);
    timer_.cancel();
  }

  void follow(const std::set<std::filesystem::path>& folders) {
    if (!descriptor_.is_open()) return;
    for (auto it = watches_.begin(); it != watches_.end();) {
      if (folders.contains(it->second)) {
        ++it;
        continue;
      }
      ::inotify_rm_watch(descriptor_.native_handle(), it->first);
      it = watches_.erase(it);
    }
    std::set<std::filesystem::path> watched;
    for (const auto& [number, folder] : watches_) watched.insert(folder);
    for (const std::filesystem::path& folder : folders) {
      if (watched.contains(folder)) continue;
      if (watches_.size() >= kMaxFolders) return complain("more than " + std::to_string(kMaxFolders) + " plugin folders");
      const int number = ::inotify_add_watch(descriptor_.native_handle(), folder.c_str(), kWanted);
      if (number >= 0)
        watches_[number] = folder;
      else if (errno != ENOENT && errno != ENOTDIR)
        complain(folder.string() + ": " + std::strerror(errno));
    }
  }

 private:
  void complain(const std::string& why) {
    if (complained_) return;
    complained_ = true;
    log::warn(kPart, "not every plugin folder is watched for changes: {}; run hobctl plugin reload after a change there", why);
  }

  void read() {
    descriptor_.async_read_some(asio::buffer(buffer_), [self = shared_from_this()](const boost::system::error_code& error,
                                                                                   std::size_t size) {
      if (error || !self->settled_) return;
      self->take(size);
      self->read();
    });
  }

  void take(std::size_t size) {
    bool is_news = false;
    for (std::size_t at = 0; at + sizeof(inotify_event) <= size;) {
      inotify_event event;
      std::memcpy(&event, buffer_.data() + at, sizeof event);
      const std::string_view name = event.len ? std::string_view(buffer_.data() + at + sizeof event) : std::string_view{};
      at += sizeof event + event.len;
      if (event.mask & IN_IGNORED) watches_.erase(event.wd);
      if (event.mask & IN_MOVE_SELF && watches_.erase(event.wd) > 0)  // another folder may stand in its place
        ::inotify_rm_watch(descriptor_.native_handle(), event.wd);
      if (!counts(name)) continue;
      is_news = true;
      if ((event.mask & IN_MODIFY) && writing_.size() < kMaxWriting) writing_.emplace(event.wd, name);
      if (event.mask & (IN_CLOSE_WRITE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE)) writing_.erase({event.wd, std::string(name)});
    }
    if (!is_news) return;
    if (!since_) since_ = std::chrono::steady_clock::now();
    wait();
  }

  void wait() {
    // Not put off for ever by a folder that never comes to rest.
    const auto now = std::chrono::steady_clock::now();
    const auto latest = since_ ? *since_ + kLongestWait : now + settle_;
    timer_.expires_at(std::max(now, std::min<std::chrono::steady_clock::time_point>(now + settle_, latest)));
    timer_.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
      if (error || !self->settled_) return;
      // Somebody still writes: a file that is half there would only fail.
      if (!self->writing_.empty() && std::chrono::steady_clock::now() - *self->since_ < kLongestWait) return self->wait();
      self->writing_.clear();
      self->since_.reset();
      self->settled_();
    });
  }

  const std::chrono::milliseconds settle_;
  std::function<void()> settled_;  // null: closed
  asio::posix::stream_descriptor descriptor_;
  asio::steady_timer timer_;
  std::map<int, std::filesystem::path> watches_;
  std::set<std::pair<int, std::string>> writing_;  // written to, and not closed yet
  std::optional<std::chrono::steady_clock::time_point> since_;  // the first event that hasn't rung
  bool complained_ = false;
  std::array<char, 16 * 1024> buffer_{};
};

FileWatch::FileWatch(asio::any_io_executor executor, std::chrono::milliseconds settle, std::function<void()> settled)
    : state_(std::make_shared<State>(std::move(executor), settle, std::move(settled))) {
  state_->open();
}

FileWatch::~FileWatch() { state_->close(); }

void FileWatch::follow(const std::set<std::filesystem::path>& folders) { state_->follow(folders); }

}  // namespace hobd
