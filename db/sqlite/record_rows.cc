#include "db/sqlite/record_rows.h"

namespace lazaret::db {
namespace {

template <typename E>
std::int64_t Number(E value) {
  return static_cast<std::int64_t>(value);
}

}  // namespace

void EventRows::Put(int column, Cell cell) const {
  const ChainedRecord& one = record();
  switch (column) {
    case 0:
      return cell.Int(seq());
    case 1:
      return cell.Int(Number(one.kind));
    case 2:
      return cell.Blob(base::AsBytes(one.hash));
    case 3:
      return cell.Blob(one.body);
    case 4:
      return cell.Blob(one.personal);
    case 5:
      return cell.Text(one.index.verdict_id);
    case 6:
      return cell.Int(one.index.time.micros);
    default:
      return cell.Text(one.index.node);
  }
}

void DecisionRows::Put(int column, Cell cell) const {
  const IndexRows& index = record().index;
  switch (column) {
    case 0:
      return cell.Int(seq());
    case 1:
      return cell.Int(index.time.micros);
    case 2:
      return cell.Int(Number(index.cls));
    case 3:
      return cell.Int(Number(index.action));
    case 4:
      return cell.Text(index.sender);
    case 5:
      return cell.Text(index.sender_domain);
    case 6:
      return cell.Int(Number(index.wanted));
    default:
      return cell.Text(index.queue_id);
  }
}

void RecipientRows::Put(int column, Cell cell) const {
  const IndexedRecipient& one = record().index.recipients[item()];
  switch (column) {
    case 0:
      return cell.Int(seq());
    case 1:
      return cell.Int(Number(item()));
    case 2:
      return cell.Text(one.address);
    case 3:
      return cell.Text(one.domain);
    default:
      return cell.Int(Number(one.action));
  }
}

void FindingRows::Put(int column, Cell cell) const {
  const IndexedFinding& one = record().index.findings[item()];
  switch (column) {
    case 0:
      return cell.Int(seq());
    case 1:
      return cell.Int(Number(item()));
    case 2:
      return cell.Text(one.code);
    case 3:
      return cell.Text(one.rule);
    default:
      return cell.Int(Number(one.cls));
  }
}

void HistoryRows::Put(int column, Cell cell) const {
  if (column == 0) return cell.Blob(record().history[item()]);
  cell.Int(seq());
}

}  // namespace lazaret::db
