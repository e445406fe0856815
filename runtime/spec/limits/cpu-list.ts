/** The members of a list as cpuset.cpus has it, such as `0-2,7`, ascending; undefined if it is not one. */
export function listMembers(text: string): readonly number[] | undefined {
  const members = new Set<number>();
  for (const range of text.split(",")) {
    const [, first, last = first] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(range) ?? [];
    if (first === undefined || Number(last) < Number(first)) return undefined;
    for (let member = Number(first); member <= Number(last); member += 1) members.add(member);
  }
  return [...members].sort((one, other) => one - other);
}
