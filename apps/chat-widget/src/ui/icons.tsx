/** Line icons on a 24-pixel grid; always beside a name, so hidden from assistive technology. */

const paths = {
  send: 'M12 19V5.5M5.5 12 12 5.5l6.5 6.5',
  close: 'M6 6l12 12M18 6 6 18',
  wide: 'M14 4.5h5.5V10M19.5 4.5 13 11M10 19.5H4.5V14M4.5 19.5 11 13',
  narrow: 'M19 10.5h-5.5V5M13.5 10.5 20 4M5 13.5h5.5V19M10.5 13.5 4 20',
  more: 'M5 12h.01M12 12h.01M19 12h.01',
  add: 'M12 5v14M5 12h14',
  leave: 'M9.5 20H6a2 2 0 0 1-2-2V6a2 2 0 0 1 2-2h3.5M15.5 16.5 20 12l-4.5-4.5M20 12H9.5',
  down: 'M12 5v13.5M5.5 12l6.5 6.5 6.5-6.5',
  retry: 'M4.5 12a7.5 7.5 0 1 0 2.4-5.5M4.5 4.5V9H9',
  tick: 'm5 12.5 4.5 4.5L19 7.5',
  wait: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18ZM12 7.5V12l3 2',
  alert: 'M12 8v4.5M12 16h.01M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18Z',
  offline:
    'M3 3l18 18M8.5 16.5a5 5 0 0 1 5.2-1.2M5 12.9a10 10 0 0 1 5-2.7M19 12.9a10 10 0 0 0-3-2M1.8 9A15 15 0 0 1 6.5 6M22.2 9A15 15 0 0 0 10.5 5.1M12 20h.01',
  good: 'M7 11v9M7 11l4.2-7.6c1.5 0 2.6 1.2 2.4 2.7L13 9.5h5.2c1.4 0 2.4 1.3 2.1 2.6l-1.4 6.2a2.2 2.2 0 0 1-2.1 1.7H4.5A1.5 1.5 0 0 1 3 18.5v-6A1.5 1.5 0 0 1 4.5 11H7Z',
  bad: 'M17 13V4M17 13l-4.2 7.6c-1.5 0-2.6-1.2-2.4-2.7l.6-3.4H5.8c-1.4 0-2.4-1.3-2.1-2.6l1.4-6.2A2.2 2.2 0 0 1 7.2 4h12.3A1.5 1.5 0 0 1 21 5.5v6a1.5 1.5 0 0 1-1.5 1.5H17Z',
  arrow: 'm9.5 6 6 6-6 6',
} as const

export type IconName = keyof typeof paths

export function Icon({ name }: { name: IconName }) {
  return (
    <svg className={`icon icon-${name}`} viewBox="0 0 24 24" aria-hidden="true">
      <path d={paths[name]} />
    </svg>
  )
}

/** The assistant's mark: a four-pointed spark. */
export function Mark() {
  return (
    <span className="mark">
      <svg viewBox="0 0 24 24" aria-hidden="true">
        <path d="M12 3.2c.7 4.9 3.9 8.1 8.8 8.8-4.900.7-8.1 3.9-8.8 8.8-.7-4.9-3.9-8.1-8.8-8.8 4.9-.7 8.1-3.9 8.8-8.8Z" />
      </svg>
    </span>
  )
}
