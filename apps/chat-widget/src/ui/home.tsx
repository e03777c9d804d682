import { Icon, Mark } from './icons'
import { useLocale } from './locale'

interface Props {
  greeting: string
  notice: string
  suggestions: readonly string[]
  ask: (text: string) => void
}

/** What a visitor sees before the first message. */
export function Home({ greeting, notice, suggestions, ask }: Props) {
  const { words } = useLocale()
  return (
    <div className="home">
      <div className="hello">
        <Mark />
        <h1 dir="auto">{greeting}</h1>
        <p className="notice" dir="auto">
          {notice}
        </p>
      </div>
      {suggestions.length > 0 && (
        <ul className="suggestions" aria-label={words.suggestions}>
          {suggestions.map((text) => (
            <li key={text}>
              <button type="button" onClick={() => ask(text)}>
                <span dir="auto">{text}</span>
                <Icon name="arrow" />
              </button>
            </li>
          ))}
        </ul>
      )}
    </div>
  )
}

/** Stands for what is on its way: no spinner, the shape of what will come. */
export function Skeleton({ name }: { name: string }) {
  return (
    <div className="skeleton">
      <h1 className="unseen">{name}</h1>
      <i />
      <i />
      <i />
      <i />
    </div>
  )
}
