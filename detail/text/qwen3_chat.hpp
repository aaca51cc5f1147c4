#pragma once
#include "../core/config.hpp"
#include "chat_message.hpp"

#include <span>
#include <string>

namespace moe::inline MOE_ABI::detail {

/// A conversation as the chat template of Qwen3 writes it (the models of 2025 with optional thinking). Ignores messages of
/// unknown roles, as the template does. Throws if there are no messages.
std::string render_qwen3(std::span<const Message> messages, const ChatOptions& options);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "qwen3_chat.ipp"
#endif
