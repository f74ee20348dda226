/** Something that goes on while the case does other things: a rejection waits until the case asks for the result. */
export function inBackground<T>(promise: Promise<T>): Background<T> {
  let settled = false
  const settle = () => {
    settled = true
  }
  promise.then(settle, settle)
  return { result: promise, isSettled: () => settled }
}

export interface Background<T> {
  readonly result: Promise<T>
  isSettled(): boolean
}
