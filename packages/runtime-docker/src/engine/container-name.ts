/** Removes the leading slash of an engine's container name. Returns an empty text when the engine reports no name. */
export function toContainerName(name: string | undefined): string {
  return name?.replace(/^\//, '') ?? ''
}
