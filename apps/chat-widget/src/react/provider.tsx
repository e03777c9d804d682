import { createContext, type ReactNode } from 'react'
import type { Chat } from '../core/chat'

export const ChatContext = createContext<Chat | null>(null)

/** Hands one chat to every component below. */
export function ChatProvider({ chat, children }: { chat: Chat; children: ReactNode }) {
  return <ChatContext.Provider value={chat}>{children}</ChatContext.Provider>
}
