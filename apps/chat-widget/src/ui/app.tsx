import type { Branding, Features } from '@securechat/types/wire'
import { type KeyboardEvent, useCallback, useEffect, useMemo, useRef, useState } from 'react'
import { useChat } from '../react/use-chat'
import { Announcer } from './announce'
import { LineBanner, NoticeBanner, useBriefly, useSecondsUntil } from './banner'
import { Composer, type Prefill } from './composer'
import { Header, type MenuItem } from './header'
import { Home, Skeleton } from './home'
import { useLocale } from './locale'
import type { Acts } from './message'
import { Question } from './question'
import { Thread } from './thread'

/** What the shop's page decides about the panel. */
export interface Panel {
  readonly shown: boolean
  readonly fullScreen: boolean
  /** Whether the reader has asked for more room. */
  readonly wide: boolean
  readonly prefill: Prefill | null
  close(): void
  /** Gives the panel more room, or takes it back. */
  widen(wide: boolean): void
  /** A link of a card of this message was followed. */
  clicked(messageId: string): void
}

interface Props {
  branding: Branding
  features: Features
  panel: Panel
}

export function App({ branding: given, features, panel }: Props) {
  const { chat, view } = useChat()
  const { words } = useLocale()
  const [asking, setAsking] = useState<'new' | 'end' | null>(null)
  const field = useRef<HTMLTextAreaElement>(null)
  const branding = view.site?.branding ?? given
  const { phase, messages, turn, notice } = view
  const wait = useSecondsUntil(notice?.kind === 'rate-limited' ? notice.until : 0)
  const resumed = useBriefly(view.resumed, 1600)
  const empty = messages.length === 0
  const shut = phase === 'ended' || phase === 'refused'

  useEffect(() => {
    // On a phone the keyboard would cover the greeting.
    if (panel.shown && !panel.fullScreen && !shut) field.current?.focus()
  }, [panel.shown, panel.fullScreen, shut])

  const acts: Acts = useMemo(
    () => ({
      say: (text) => chat.send(text),
      retry: (id) => chat.retry(id),
      rate: (id, rating) => chat.rate(id, rating),
      clicked: panel.clicked,
    }),
    [chat, panel.clicked],
  )
  const keep = useCallback((draft: string) => chat.setDraft(draft), [chat])
  const items: MenuItem[] = []
  if (!empty && !shut) {
    if (features.new_chat)
      items.push({ icon: 'add', name: words.newChat, choose: () => setAsking('new') })
    items.push({ icon: 'leave', name: words.endChat, choose: () => setAsking('end') })
  }
  const aiNotice = branding.ai_notice || words.aiNotice
  const begin = async () => {
    await chat.newChat()
    if (!panel.fullScreen) field.current?.focus()
  }
  const leave = (event: KeyboardEvent<HTMLElement>) => {
    if (event.key === 'Escape') panel.close()
  }

  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: Escape closes from anywhere inside
    <div className="app" onKeyDown={leave}>
      <Header
        title={branding.title || words.title}
        tagline={branding.tagline}
        passing={resumed && phase === 'live' ? words.resumed : ''}
        live={phase === 'live'}
        bare={empty && !shut}
        items={items}
        wide={panel.wide}
        widen={panel.fullScreen ? null : panel.widen}
        close={panel.close}
      />
      <LineBanner view={view} />
      <main>
        {shut ? (
          <Closed ended={phase === 'ended'} again={() => void chat.start()} />
        ) : empty && phase === 'connecting' ? (
          <Skeleton name={branding.title} />
        ) : empty ? (
          <Home
            greeting={branding.greeting}
            notice={aiNotice}
            suggestions={branding.suggestions}
            ask={acts.say}
          />
        ) : (
          <Thread
            view={view}
            acts={acts}
            older={() => void chat.older()}
            feedback={features.feedback}
            notice={aiNotice}
          />
        )}
      </main>
      <Announcer messages={messages} />
      {!shut && (
        <footer>
          <NoticeBanner notice={notice} />
          <Composer
            field={field}
            draft={chat.draft()}
            prefill={panel.prefill}
            answering={turn !== null}
            most={features.max_text}
            wait={wait}
            keep={keep}
            send={acts.say}
            stop={() => chat.stop()}
          />
          <p className="powered">
            {words.poweredBy} <strong>Secure Chat Proxy</strong>
          </p>
        </footer>
      )}
      {asking && (
        <Question
          title={asking === 'new' ? words.newQuestion : words.endQuestion}
          detail={asking === 'new' ? words.newDetail : words.endDetail}
          yes={asking === 'new' ? words.newChat : words.endChat}
          no={words.cancel}
          answer={(agreed) => {
            setAsking(null)
            if (agreed) void (asking === 'new' ? begin() : chat.end())
          }}
        />
      )}
    </div>
  )
}

function Closed({ ended, again }: { ended: boolean; again: () => void }) {
  const { words } = useLocale()
  const anew = useRef<HTMLButtonElement>(null)
  // What had the focus is gone.
  useEffect(() => anew.current?.focus(), [])
  return (
    <div className="closed">
      <p role="status">{ended ? words.ended : words.refused}</p>
      {ended && (
        <button type="button" className="press strong" ref={anew} onClick={again}>
          {words.startAgain}
        </button>
      )}
    </div>
  )
}
