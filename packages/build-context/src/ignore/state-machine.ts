import type { Expression, Position, RuneTest } from './regular-expression.js'

/**
 * Matches a regular expression anywhere in a text, in linear time. It follows all reachable steps at once, and caches the sets
 * of steps up to a limit.
 */
export class StateMachine {
  readonly #program: readonly Step[]
  readonly #start: number
  readonly #mayStartLater: boolean
  readonly #states = new Map<string, State>()
  readonly #initial: State
  #moves = 0

  constructor(expression: Expression) {
    const program: Step[] = []
    const add = (step: Step) => program.push(step) - 1
    const start = compilePart(expression, add({ kind: 'match' }), add)
    this.#program = program
    this.#start = start
    this.#initial = this.#toState([start], { isStart: true, isAfterWord: false })
    this.#mayStartLater = this.#reach([start], { isStart: false, isEnd: true, isWordBoundary: 'either' }).size > 0
  }

  matches(runes: readonly number[]): boolean {
    let state = this.#initial
    for (const rune of runes) {
      state = state.moves.get(rune) ?? this.#move(state, rune)
      if (state === accepted) return true
      if (state === failed) return false
    }
    state.acceptsEnd ??= this.#acceptsEnd(state)
    return state.acceptsEnd
  }

  #acceptsEnd({ steps, isStart, isAfterWord }: State): boolean {
    const reached = this.#reach(steps, { isStart, isEnd: true, isWordBoundary: isAfterWord })
    return [...reached].some((at) => this.#program[at]?.kind === 'match')
  }

  #move(state: State, rune: number): State {
    const next = this.#findNext(state, rune)
    if (this.#moves >= maxMoves) {
      this.#moves = 0
      this.#states.clear()
      this.#initial.moves.clear()
    }
    this.#moves += 1
    state.moves.set(rune, next)
    return next
  }

  #findNext({ steps, isStart, isAfterWord }: State, rune: number): State {
    const isBeforeWord = isWord(rune)
    const next = new Set<number>()
    for (const at of this.#reach(steps, { isStart, isEnd: false, isWordBoundary: isAfterWord !== isBeforeWord })) {
      const step = this.#program[at]
      if (step?.kind === 'match') return accepted
      if (step?.kind === 'one' && step.accepts(rune)) next.add(step.next)
    }
    if (this.#mayStartLater) next.add(this.#start)
    if (next.size === 0) return failed
    return this.#toState(
      [...next].sort((one, other) => one - other),
      { isStart: false, isAfterWord: isBeforeWord },
    )
  }

  #toState(steps: readonly number[], { isStart, isAfterWord }: Pick<State, 'isStart' | 'isAfterWord'>): State {
    const key = `${steps.join()} ${isStart} ${isAfterWord}`
    const known = this.#states.get(key)
    if (known !== undefined) return known
    const state: State = { steps, isStart, isAfterWord, moves: new Map(), acceptsEnd: undefined }
    this.#states.set(key, state)
    return state
  }

  /** Returns the steps that consume a character, or match, and are reachable without consuming one. */
  #reach(from: readonly number[], context: MatchContext): ReadonlySet<number> {
    const seen = new Set<number>()
    const reached = new Set<number>()
    const pending = [...from]
    for (let at = pending.pop(); at !== undefined; at = pending.pop()) {
      if (seen.has(at)) continue
      seen.add(at)
      const step = this.#program[at]
      if (step?.kind === 'split') pending.push(...step.next)
      else if (step?.kind === 'at' && isMet(step.position, context)) pending.push(step.next)
      else if (step?.kind === 'one' || step?.kind === 'match') reached.add(at)
    }
    return reached
  }
}

/** Counts the steps of the expression with its repetitions expanded. */
export function countSteps(expression: Expression): number {
  if ('parts' in expression) return expression.parts.reduce((sum, part) => sum + countSteps(part), 1)
  if (expression.kind !== 'repeat') return 1
  const { part, min, max } = expression
  return 1 + countSteps(part) * (Number.isFinite(max) ? max : min + 1)
}

type Step =
  | { readonly kind: 'one'; readonly accepts: RuneTest; readonly next: number }
  | { readonly kind: 'at'; readonly position: Position; readonly next: number }
  | { readonly kind: 'split'; readonly next: readonly number[] }
  | { readonly kind: 'match' }

interface State {
  readonly steps: readonly number[]
  readonly isStart: boolean
  readonly isAfterWord: boolean
  readonly moves: Map<number, State>
  acceptsEnd: boolean | undefined
}

interface MatchContext {
  readonly isStart: boolean
  readonly isEnd: boolean
  readonly isWordBoundary: boolean | 'either'
}

function isMet(position: Position, { isStart, isEnd, isWordBoundary }: MatchContext): boolean {
  if (position === 'start') return isStart
  if (position === 'end') return isEnd
  return isWordBoundary === 'either' || isWordBoundary === (position === 'word-boundary')
}

/** Words consist of ASCII characters: https://pkg.go.dev/regexp/syntax */
function isWord(rune: number): boolean {
  return rune < 0x80 && /\w/.test(String.fromCharCode(rune))
}

/** Adds a step, and returns its index. */
type AddStep = (step: Step) => number

/** Adds the steps of a part, which continue with the step `next`. Returns its first step. */
function compilePart(part: Expression, next: number, add: AddStep): number {
  if (part.kind === 'one') return add({ kind: 'one', accepts: part.accepts, next })
  if (part.kind === 'at') return add({ kind: 'at', position: part.position, next })
  if (part.kind === 'repeat') return compileRepeat(part, next, add)
  if (part.kind === 'sequence') return part.parts.reduceRight((after, one) => compilePart(one, after, add), next)
  return add({ kind: 'split', next: part.parts.map((one) => compilePart(one, next, add)) })
}

function compileRepeat(
  { part, min, max }: Extract<Expression, { kind: 'repeat' }>,
  next: number,
  add: AddStep,
): number {
  let first = next
  if (Number.isFinite(max)) {
    for (let count = min; count < max; count += 1) {
      first = add({ kind: 'split', next: [compilePart(part, first, add), next] })
    }
  } else {
    const again: number[] = [next]
    first = add({ kind: 'split', next: again })
    again.push(compilePart(part, first, add))
  }
  for (let count = 0; count < min; count += 1) first = compilePart(part, first, add)
  return first
}

const accepted: State = { steps: [], isStart: false, isAfterWord: false, moves: new Map(), acceptsEnd: true }
const failed: State = { steps: [], isStart: false, isAfterWord: false, moves: new Map(), acceptsEnd: false }
const maxMoves = 4000
