/** Lets a promise run in the background. A rejection is not reported as unhandled before the case awaits the result. */
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
