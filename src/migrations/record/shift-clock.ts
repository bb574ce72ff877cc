/** Makes this process believe that it is `ms` milliseconds later: values that depend on the time then differ from another's. */
export function shiftClock(ms: number): void {
  const { now } = Date
  const shiftedNow = () => now() + ms
  const shifted = new Proxy(Date, {
    construct: (target, args, newTarget) =>
      Reflect.construct(target, args.length === 0 ? [shiftedNow()] : args, newTarget),
    apply: (target) => String(new target(shiftedNow())),
    get: (target, key) => (key === 'now' ? shiftedNow : Reflect.get(target, key)),
  })
  Date.prototype.constructor = shifted
  globalThis.Date = shifted
  Object.defineProperty(performance, 'timeOrigin', { value: performance.timeOrigin + ms })
  const { get: format } = Object.getOwnPropertyDescriptor(Intl.DateTimeFormat.prototype, 'format') ?? {}
  Object.defineProperty(Intl.DateTimeFormat.prototype, 'format', {
    get(this: Intl.DateTimeFormat) {
      return (date: Date | number = shiftedNow()) => Reflect.apply(format ?? String, this, [])(date)
    },
  })
}
