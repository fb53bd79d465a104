// STRATA_SANITIZED: 1 in builds with a sanitizer that brings its own allocator, 0 in others.
#pragma once

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define STRATA_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define STRATA_SANITIZED 1
#endif
#endif

#if !defined(STRATA_SANITIZED)
#define STRATA_SANITIZED 0
#endif
