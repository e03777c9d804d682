import type { CardButton, Card as CardData } from '@securechat/types/wire'
import { safeAddress } from './markdown/links'

interface Props {
  cards: readonly CardData[]
  /** Says something in the visitor's name. */
  say: (text: string) => void
  clicked: (address: string) => void
}

/** Products, links and buttons beside an answer's text, in a row that scrolls sideways. */
export function Cards({ cards, say, clicked }: Props) {
  return (
    <ul className="cards">
      {cards.map((card, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: cards have no id and are only ever added
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
        <a {...outward(address)} onClick={() => clicked(address)}>
          {card.title}
        </a>
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
      <button type="button" className="press" onClick={() => say(text)}>
        {button.label}
      </button>
    )
  }
  if (!address) return null
  return (
    <a className="press" {...outward(address)} onClick={() => clicked(address)}>
      {button.label}
    </a>
  )
}

const outward = (href: string) => ({ href, target: '_blank', rel: 'noopener noreferrer nofollow' })
