/** A catalogue with the same keys as the English one: a missing text is an error of the type checker. */
export type Messages<K extends string> = Readonly<Record<K, string>>
