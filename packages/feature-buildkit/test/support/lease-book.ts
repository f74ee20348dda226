import type { MemoryProcess } from '@capstan/runtime-memory'

type Files = MemoryProcess['files']

/** What the directory of leases is to the shell: the leases of one daemon, until it is closed. */
export interface LeaseBook {
  count: number
  /** A lease of nobody. */
  isKept: boolean
  isOpen: boolean
}

/** Opens the book of the daemon whose container has these files. */
export async function openBook(files: Files): Promise<LeaseBook> {
  const book = { count: 0, isKept: false, isOpen: true }
  books.push(book)
  await files.write(path, String(books.length - 1))
  return book
}

/** `undefined`: the daemon has not begun. */
export async function findBook(files: Files): Promise<LeaseBook | undefined> {
  const text = await files.read(path).then(
    (bytes) => Buffer.from(bytes).toString(),
    () => undefined,
  )
  return text === undefined ? undefined : books[Number(text)]
}

/** Whether it is closed now, which is so only without leases. */
export function closeBook(book: LeaseBook): boolean {
  if (!book.isOpen || book.isKept || book.count > 0) return false
  book.isOpen = false
  return true
}

const path = '/tmp/capstan-leases'
const books: LeaseBook[] = []
