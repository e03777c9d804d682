import type { CardButton, Card as CardData } from '@securechat/types/wire'
import type { ReactNode } from 'react'
import { safeAddress } from './markdown/links'

interface Props {
  cards: readonly CardData[]
  /** Says something in the visitor's name. */
  say: (text: string) => void
  clicked: () => void
}

/** Products, links and buttons beside an answer's text, in a row that scrolls sideways. */
export function Cards({ cards, say, clicked }: Props) {
  return (
    <ul className="cards">
      {cards.map((card, at) => (
        <li key={at} className="card">
          <Face card={card} clicked={clicked} />
          {card.buttons?.map((button) => (
            <Press key={button.label} button={button} say={say} clicked={clicked} />
          ))}
        </li>
      ))}
    </ul>
  )
}

function Face({ card, clicked }: { card: CardData; clicked: Props['clicked'] }) {
  const address = safeAddress(card.url ?? '')
  return (
    <div className="face" dir="auto">
      {address ? (
        <Outward address={address} clicked={clicked}>
          {card.title}
        </Outward>
      ) : (
        <strong>{card.title}</strong>
      )}
      {card.subtitle && <p>{card.subtitle}</p>}
      {card.price && (
        <p className="price">
          {card.price} {card.old_price && <s>{card.old_price}</s>}
        </p>
      )}
    </div>
  )
}

function Press({ button, say, clicked }: { button: CardButton } & Omit<Props, 'cards'>) {
  const address = safeAddress(button.url ?? '')
  const text = button.say
  if (text) {
    return (
      <button type="button" className="press" dir="auto" onClick={() => say(text)}>
        {button.label}
      </button>
    )
  }
  if (!address) return null
  return (
    <Outward look="press" address={address} clicked={clicked}>
      {button.label}
    </Outward>
  )
}

interface OutwardProps {
  look?: string
  address: string
  clicked: Props['clicked']
  children: ReactNode
}

function Outward({ look, address, clicked, children }: OutwardProps) {
  return (
    <a
      className={look}
      dir="auto"
      href={address}
      target="_blank"
      rel="noopener noreferrer nofollow"
      onClick={clicked}
    >
      {children}
    </a>
  )
}
