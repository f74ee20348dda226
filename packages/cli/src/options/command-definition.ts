/** Collects the values of a repeatable option. */
export function collect(value: string, values: readonly string[] = []): readonly string[] {
  return [...values, value]
}

/** Formats the examples at the end of a help text: a command line, and what it does. */
export function toExamples(examples: Readonly<Record<string, string>>): string {
  const lines = Object.entries(examples).map(([line, description]) => `  ${line}\n      ${description}`)
  return `\nExamples:\n${lines.join('\n')}`
}
