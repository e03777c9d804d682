import { useContext, useSyncExternalStore } from 'react'
import type { Chat } from '../core/chat'
import type { View } from '../core/view'
import { ChatContext } from './provider'

/** The chat and its present view; draws anew when the view changes. */
export function useChat(): { chat: Chat; view: View } {
  const chat = useContext(ChatContext)
  if (chat === null) throw new Error('useChat: expected a ChatProvider above')
  return { chat, view: useSyncExternalStore(chat.subscribe, chat.view) }
}
